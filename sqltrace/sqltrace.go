package sqltrace

import (
	"database/sql"
	"database/sql/driver"
	"reflect"
	"strings"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/dsn"
)

const scopeName = "github.com/nais/spor/sqltrace"

// Open does the same as [sql.Open], but makes a span and a measurement for every statement.
// It also measures the pool until the pool is closed. Open does not register a driver with
// database/sql. The method [sql.DB.Driver] returns the original driver, not a wrapper. If
// the driver is already traced, Open does not trace it again, and opts have no effect. Open
// returns the same errors as sql.Open.
func Open(driverName, dataSourceName string, opts ...Option) (*sql.DB, error) {
	handle, err := sql.Open(driverName, dataSourceName)
	if err != nil {
		return nil, err
	}
	d := handle.Driver()
	if isTraced(d) {
		return handle, nil
	}
	if err := handle.Close(); err != nil {
		return nil, err
	}
	c, err := connectorOf(d, dataSourceName)
	if err != nil {
		return nil, err
	}
	config := db.NewConfig(opts)
	target := dsn.Parse(dsn.SystemOf(driverName, d), dataSourceName)
	return open(newConnector(c, newEngine(config, target))), nil
}

// OpenDB does the same as [sql.OpenDB], but makes a span and a measurement for every
// statement. It also measures the pool until the pool is closed. A connector does not show
// where the database is. Therefore set db.namespace, server.address and server.port with
// [WithAttributes]. If c is already traced, OpenDB does not trace it again.
func OpenDB(c driver.Connector, opts ...Option) *sql.DB {
	if _, ours := c.(*connector); ours || isTraced(c.Driver()) {
		return sql.OpenDB(c)
	}
	target := db.Target{System: dsn.SystemOf("", c.Driver())}
	return open(newConnector(c, newEngine(db.NewConfig(opts), target)))
}

// Driver returns a driver that makes a span and a measurement for every statement of d. Use
// Driver in programs that register their own drivers with [sql.Register]. In all other
// programs, use [Open], because a driver has no access to the pool and cannot measure it.
// If d is already traced, Driver returns d itself.
func Driver(d driver.Driver, opts ...Option) driver.Driver {
	if isTraced(d) {
		return d
	}
	return &tracedDriver{raw: d, config: db.NewConfig(opts)}
}

// Unwrap returns the connection that the driver made. driverConn is the value that
// [sql.Conn.Raw] passes to its function. Unwrap removes any number of wrappers that have a
// method Raw. If driverConn is not a wrapper, Unwrap returns driverConn itself. Calls on
// the returned connection are not traced.
func Unwrap(driverConn any) any {
	for {
		wrapper, ok := driverConn.(interface{ Raw() driver.Conn })
		if !ok {
			return driverConn
		}
		driverConn = wrapper.Raw()
	}
}

func open(c *connector) *sql.DB {
	handle := sql.OpenDB(c)
	c.engine.watch(handle)
	return handle
}

// isTraced reports whether d already makes spans. This is the case if this package or an
// otelsql package wraps d. If d were traced again, each statement would make two spans.
func isTraced(d driver.Driver) bool {
	if _, ours := d.(*tracedDriver); ours {
		return true
	}
	path := packageOf(d)
	if !strings.Contains(path, "otelsql") {
		return false
	}
	report("the driver is already traced by " + path + "; sqltrace does not trace it again (open the unwrapped driver instead)")
	return true
}

// packageOf returns the import path of the type of d. If the type is an unnamed struct with
// one embedded field, packageOf uses the type of the value in this field instead.
func packageOf(d any) string {
	v := reflect.ValueOf(d)
	if v.Kind() == reflect.Struct && v.Type().Name() == "" && v.NumField() == 1 {
		v = v.Field(0).Elem()
	}
	if !v.IsValid() {
		return ""
	}
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath()
}
