package sqltrace

import (
	"database/sql"
	"database/sql/driver"
	"errors"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/sqltrace/internal/dbcall"
	"github.com/nais/spor/sqltrace/internal/dbconf"
	"github.com/nais/spor/sqltrace/internal/dbpool"
)

// engine is what the connections of one database share.
type engine struct {
	*dbcall.Telemetry
	statements *dbcall.Statements
	poolName   string
	retries    retries
	readings   readings
	comments   bool // texts may be different each time

	db   *sql.DB      // nil without metrics of the pool
	pool *dbpool.Pool // likewise
}

func newEngine(c *dbconf.Config, t dbconf.Target) *engine {
	return &engine{
		Telemetry:  dbcall.NewTelemetry(c, scopeName),
		statements: dbcall.NewStatements(c, t),
		poolName:   c.PoolName(t),
	}
}

// watch measures db until the pool is closed.
func (e *engine) watch(db *sql.DB) {
	e.db = db
	e.pool = dbpool.New(e.MeterProvider, scopeName, e.poolName, e.stats)
}

func (e *engine) stats() dbpool.Stats {
	s := e.db.Stats()
	return dbpool.Stats{Used: s.InUse, Idle: s.Idle, Max: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
}

// isBad reports whether err is what database/sql tries again for.
func isBad(err error) bool { return errors.Is(err, driver.ErrBadConn) }

func report(text string) { otel.Handle(errors.New("sqltrace: " + text)) }
