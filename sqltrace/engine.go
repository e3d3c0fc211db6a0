package sqltrace

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// otherSQL is the db.system.name of a database that is not known.
const otherSQL = "other_sql"

// engine is what the connections of one database share.
type engine struct {
	*db.Telemetry
	config     *sqldb.Config
	target     db.Target
	statements *sqldb.Statements
	retries    retries
	readings   readings
	comments   bool // texts may be different each time

	handle *sql.DB  // nil without metrics of the pool
	pool   *db.Pool // likewise
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

// watch measures handle until the pool is closed.
func (e *engine) watch(handle *sql.DB) {
	e.handle = handle
	e.pool = e.NewPool(e.target, e.stats)
}

func (e *engine) stats() db.PoolStats {
	s := e.handle.Stats()
	return db.PoolStats{Used: s.InUse, Idle: s.Idle, Max: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
}

// isBad reports whether err is what database/sql tries again for.
func isBad(err error) bool { return errors.Is(err, driver.ErrBadConn) }

func report(text string) { otel.Handle(errors.New("sqltrace: " + text)) }
