// Package dsn reads the address and the name of a database from the data source names of
// the usual database/sql drivers.
package dsn
