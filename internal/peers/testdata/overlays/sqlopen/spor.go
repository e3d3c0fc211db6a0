// Package sqlopen opens the pools of a peer's tests through sqltrace.
package sqlopen

import (
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/sqltrace"
)

// Open takes the place of sql.Open.
func Open(driverName, dataSourceName string) (*sql.DB, error) {
	if !probe.On() {
		return sql.Open(driverName, dataSourceName)
	}
	return sqltrace.Open(driverName, dataSourceName, Options()...)
}

// OpenDB takes the place of sql.OpenDB.
func OpenDB(c driver.Connector) *sql.DB {
	if !probe.On() {
		return sql.OpenDB(c)
	}
	return sqltrace.OpenDB(c, Options()...)
}

// Unwrap returns the driver's connection if value is a wrapper of sqltrace. Otherwise it
// returns value itself.
func Unwrap(value any) any { return sqltrace.Unwrap(value) }

// Options returns the options of the variant.
func Options() []sqltrace.Option {
	var opts []sqltrace.Option
	if probe.Has("commenter") {
		opts = append(opts, sqltrace.WithSQLCommenter())
	}
	if probe.Has("transactions") {
		opts = append(opts, sqltrace.WithTransactions())
	}
	if probe.Has("options") {
		opts = append(opts, sqltrace.WithRepeatedQueries(3), sqltrace.WithSlowQueries(time.Millisecond),
			sqltrace.WithQueryNames(), sqltrace.WithoutQueryText())
	}
	return opts
}
