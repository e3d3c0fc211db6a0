// Package loggers tests the lines of all loggers that docs/logs.md lists.
package loggers
