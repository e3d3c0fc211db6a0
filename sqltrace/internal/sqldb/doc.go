// Package sqldb extends internal/db for SQL: it analyzes statements, adds comments, reads
// the error codes of drivers, and has the options that package sqltrace and its adapters
// share.
package sqldb
