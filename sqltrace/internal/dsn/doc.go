// Package dsn reads where a database is, from the data source names of the usual
// database/sql drivers.
package dsn
