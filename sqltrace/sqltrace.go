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

// Open is [sql.Open] with a span and a measurement for every statement, and
// metrics of the pool. Nothing is registered with database/sql, and [sql.DB.Driver]
// is the driver's own. It fails as sql.Open does.
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

// OpenDB is [sql.OpenDB] with a span and a measurement for every statement, and
// metrics of the pool. The connector does not tell where the database is: see
// [WithAttributes]. One that is traced already is not traced twice.
func OpenDB(c driver.Connector, opts ...Option) *sql.DB {
	if _, ours := c.(*connector); ours || isTraced(c.Driver()) {
		return sql.OpenDB(c)
	}
	target := db.Target{System: dsn.SystemOf("", c.Driver())}
	return open(newConnector(c, newEngine(db.NewConfig(opts), target)))
}

// Driver returns d with a span and a measurement for every statement, for
// programs that register their own drivers with [sql.Register]. There are no
// metrics of the pool, which no driver sees; prefer [Open]. A driver that is
// traced already is returned as it is.
func Driver(d driver.Driver, opts ...Option) driver.Driver {
	if isTraced(d) {
		return d
	}
	return &tracedDriver{raw: d, config: db.NewConfig(opts)}
}

// Unwrap returns the driver's own connection inside driverConn, which is what
// [sql.Conn.Raw] passes to its function, through however many wrappers that have
// a method Raw. What is done with it is not traced.
func Unwrap(driverConn any) any {
	for {
		wrapper, ok := driverConn.(interface{ Raw() driver.Conn })
		if !ok {
			return driverConn
		}
		driverConn = wrapper.Raw()
	}
}

// open opens a pool that is measured until it is closed.
func open(c *connector) *sql.DB {
	handle := sql.OpenDB(c)
	c.engine.watch(handle)
	return handle
}

// isTraced reports whether d makes spans already: by this package, or by another
// that would make a second one for each statement.
func isTraced(d driver.Driver) bool {
	if _, ours := d.(*tracedDriver); ours {
		return true
	}
	path := packageOf(d)
	if !strings.Contains(path, "otelsql") {
		return false
	}
	report("the driver is traced by " + path + " already, and is not traced twice (open the driver's own)")
	return true
}

// packageOf returns the import path of d, or of what it embeds if its own type has
// no name.
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
