package sqltrace

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// otherSQL is the db.system.name of an unknown database.
const otherSQL = "other_sql"

// engine contains the state that all connections of one database share.
type engine struct {
	*db.Telemetry
	config     *sqldb.Config
	target     db.Target
	statements *sqldb.Statements
	retries    retries
	readings   readings
	comments   bool // WithSQLCommenter is set, and the driver keeps no query texts

	handle *sql.DB  // nil if the pool is not measured
	pool   *db.Pool // nil if the pool is not measured

	idleAtClose atomic.Int64 // connections that were idle when the pool was closed
}

func newEngine(c *sqldb.Config, t db.Target) *engine {
	t.System = cmp.Or(t.System, otherSQL)
	return &engine{
		Telemetry:  db.NewTelemetry(&c.Config, scopeName),
		config:     c,
		target:     t,
		statements: sqldb.NewStatements(c, t),
	}
}

func (e *engine) watch(handle *sql.DB) {
	e.handle = handle
	e.pool = e.NewPool(e.target, e.stats)
}

// stats returns the state of the pool. After the pool was closed, it returns the last state:
// database/sql closes the idle connections before it closes the connector.
func (e *engine) stats() db.PoolStats {
	s := e.handle.Stats()
	idle := s.Idle + int(e.idleAtClose.Load())
	return db.PoolStats{Used: s.InUse, Idle: idle, Max: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration, OnlyWaits: true}
}

// connClosed is called when a connection is closed. If DB.Close closes it, the connection was
// idle. connClosed must not call a method of the pool, because database/sql may hold its lock.
func (e *engine) connClosed() {
	if e.handle != nil && closesPool() {
		e.idleAtClose.Add(1)
	}
}

// callersWait reports whether callers may be waiting for a connection. If they are, a
// connection that becomes free is not available to the caller that released it. The result is
// false if the pool is not known.
func (e *engine) callersWait() bool {
	if e.handle == nil {
		return false
	}
	s := e.handle.Stats()
	return s.WaitCount > 0 && s.MaxOpenConnections > 0 && s.InUse >= s.MaxOpenConnections
}

// isBad reports whether err means that the connection is bad. After such an error,
// database/sql may try again.
func isBad(err error) bool { return errors.Is(err, driver.ErrBadConn) }

func report(text string) { otel.Handle(errors.New("sqltrace: " + text)) }
