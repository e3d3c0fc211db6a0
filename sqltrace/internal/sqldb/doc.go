// Package sqldb is internal/db for SQL: the statements of texts, their comments, the
// codes of drivers' errors, and the options that package sqltrace and its adapters share.
package sqldb
