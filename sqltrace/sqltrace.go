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

// Open does the same as [sql.Open], and makes a span and a measurement for every statement.
// It also measures the pool until the pool is closed. Open registers nothing with
// database/sql, and [sql.DB.Driver] returns the driver's own value. Open returns the same
// errors as sql.Open.
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

// OpenDB does the same as [sql.OpenDB], and makes a span and a measurement for every
// statement. It also measures the pool until the pool is closed. A connector does not show
// where the database is, so set db.namespace, server.address and server.port with
// [WithAttributes]. OpenDB does not trace a connector that is already traced.
func OpenDB(c driver.Connector, opts ...Option) *sql.DB {
	if _, ours := c.(*connector); ours || isTraced(c.Driver()) {
		return sql.OpenDB(c)
	}
	target := db.Target{System: dsn.SystemOf("", c.Driver())}
	return open(newConnector(c, newEngine(db.NewConfig(opts), target)))
}

// Driver returns a driver that makes a span and a measurement for every statement of d. Use
// it in programs that register their own drivers with [sql.Register]. Prefer [Open] in all
// other programs, because a driver does not see the pool and cannot measure it. Driver
// returns d itself if d is already traced.
func Driver(d driver.Driver, opts ...Option) driver.Driver {
	if isTraced(d) {
		return d
	}
	return &tracedDriver{raw: d, config: db.NewConfig(opts)}
}

// Unwrap returns the driver's own connection inside driverConn, which is the value that
// [sql.Conn.Raw] passes to its function. It looks through any number of wrappers that have
// a method Raw, and returns driverConn itself if it is not a wrapper. Calls on the returned
// connection are not traced.
func Unwrap(driverConn any) any {
	for {
		wrapper, ok := driverConn.(interface{ Raw() driver.Conn })
		if !ok {
			return driverConn
		}
		driverConn = wrapper.Raw()
	}
}

// open opens a pool and measures it until it is closed.
func open(c *connector) *sql.DB {
	handle := sql.OpenDB(c)
	c.engine.watch(handle)
	return handle
}

// isTraced reports whether d already makes spans because this package or another one wraps
// it. Tracing d again would make two spans per statement.
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

// packageOf returns the import path of the type of d. If d has an unnamed struct type with
// one embedded field, packageOf uses the type of that field.
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
