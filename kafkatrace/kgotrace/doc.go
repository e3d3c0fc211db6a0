// Package kgotrace traces and measures franz-go.
package kgotrace
