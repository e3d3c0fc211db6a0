package sql

import (
	"database/sql/driver"
	"reflect"
	"strings"
)

// SporOpen opens every pool, and SporUnwrap returns the connection of the tests' driver. Both
// may be nil.
var (
	SporOpen   func(driver.Connector) *DB
	SporUnwrap func(any) any
)

func sporUnwrap(conn any) any {
	if SporUnwrap == nil {
		return conn
	}
	return SporUnwrap(conn)
}

// OpenDB takes the place of the package's own function.
func OpenDB(c driver.Connector) *DB {
	if SporOpen == nil || strings.Contains(reflect.Indirect(reflect.ValueOf(c)).Type().PkgPath(), "nais/spor") {
		return sporOpenDB(c)
	}
	return SporOpen(c)
}
