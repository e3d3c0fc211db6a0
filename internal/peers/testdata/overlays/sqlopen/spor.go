// Package sqlopen opens the pools of a peer's tests through sqltrace.
package sqlopen

import (
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/sqltrace"
)

// Open returns the function to call instead of sql.Open.
func Open(original func(string, string) (*sql.DB, error)) func(string, string) (*sql.DB, error) {
	if !probe.On() {
		return original
	}
	return func(driverName, dataSourceName string) (*sql.DB, error) {
		return sqltrace.Open(driverName, dataSourceName, Options()...)
	}
}

// OpenDB returns the function to call instead of sql.OpenDB.
func OpenDB(original func(driver.Connector) *sql.DB) func(driver.Connector) *sql.DB {
	if !probe.On() {
		return original
	}
	return func(c driver.Connector) *sql.DB { return sqltrace.OpenDB(c, Options()...) }
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
