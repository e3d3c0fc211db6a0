// Package sqltest is a database in memory for tests of what surrounds a driver:
// it does what a hook says, keeps a log of what it was asked, and its connections,
// statements and rows have any subset of the optional interfaces of
// database/sql/driver.
package sqltest

//go:generate go run generate.go
