// Package dsn reads the address and the name of a database. It reads them from the data
// source names of common database/sql drivers.
package dsn
