// Package sqltest is a database in memory, for tests of code that wraps a database/sql
// driver. A hook decides which operations fail, and all operations are logged. The
// connections, statements and rows can have any subset of the optional interfaces of
// database/sql/driver.
package sqltest

//go:generate go run generate.go
