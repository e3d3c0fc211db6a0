// Package sqldb extends internal/db for SQL databases. It analyzes statements, adds
// comments and reads the error codes of drivers. It also contains the options that sqltrace
// and pgxtrace share.
package sqldb
