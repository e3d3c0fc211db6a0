// Package sqltest is a database in memory. It is used in tests of code that wraps a
// database/sql driver. A hook decides which operations fail, and all operations are logged.
// The connections, statements and rows can implement any subset of the optional interfaces
// of database/sql/driver.
package sqltest

//go:generate go run generate.go
