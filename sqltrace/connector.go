package sqltrace

import (
	"context"
	"database/sql/driver"
	"io"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/dsn"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

type tracedDriver struct {
	raw    driver.Driver
	config *sqldb.Config
}

// Open opens a traced connection. database/sql does not call Open, because it calls
// OpenConnector instead.
func (d *tracedDriver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// OpenConnector returns a traced connector. Each connector has its own engine, so
// connectors do not share state.
func (d *tracedDriver) OpenConnector(name string) (driver.Connector, error) {
	raw, err := connectorOf(d.raw, name)
	if err != nil {
		return nil, err
	}
	c := newConnector(raw, newEngine(d.config, dsn.Parse(dsn.SystemOf("", d.raw), name)))
	c.driver = d
	return c, nil
}

// connectorOf returns a connector for d. It makes the connector in the same way as
// [sql.Open].
func connectorOf(d driver.Driver, dsn string) (driver.Connector, error) {
	if d, ok := d.(driver.DriverContext); ok {
		return d.OpenConnector(dsn)
	}
	return &dsnConnector{dsn, d}, nil
}

type dsnConnector struct {
	dsn    string
	driver driver.Driver
}

func (c *dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c *dsnConnector) Driver() driver.Driver                        { return c.driver }

// connector makes the connections that database/sql uses. Each connection has several
// layers: the type conn wraps otelsql's connection, otelsql's connection wraps the type
// direct, and direct wraps the connection that the driver made.
type connector struct {
	raw     driver.Connector
	driver  driver.Driver
	engine  *engine
	otelsql driver.Connector
}

func newConnector(raw driver.Connector, e *engine) *connector {
	c := &connector{raw: raw, driver: raw.Driver(), engine: e}
	c.otelsql = newOtelsql(raw)
	e.comments = e.config.SQLCommenter && noStatementCache[packageOf(c.driver)]
	return c
}

// Connect makes a connection. It makes a span only if connecting fails or takes at least
// 100 ms. If package pgxtrace already traces the connection, Connect returns the connection
// that the driver made.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	start := time.Now()
	middle, err := c.connect(ctx)
	if outcome := sqldb.Classify(ctx, err); db.Notable(time.Since(start), outcome) {
		c.engine.Note(ctx, "connect", c.engine.statements.StartOptions(trace.SpanKindInternal, ""), start, outcome)
	}
	if err != nil {
		return nil, err
	}
	if raw := middle.(interface{ Raw() driver.Conn }).Raw().(*direct).raw; tracedBelow(raw) { //nolint:forcetypeassert // otelsql wraps a *direct
		c.engine.pool.Discard()
		return raw, nil
	}
	c.engine.pool.Created(ctx, time.Since(start))
	return newConn(c.engine, middle), nil
}

func (c *connector) connect(ctx context.Context) (middle driver.Conn, err error) {
	connected := false
	c.engine.retries.connecting(ctx)
	defer func() { // deferred, because the driver may panic
		if !connected {
			c.engine.retries.connectFailed(ctx, err)
		}
	}()
	middle, err = c.otelsql.Connect(ctx)
	connected = err == nil
	return middle, err
}

// Driver returns the driver that the program opened, not an internal wrapper, because
// programs recognize a database by the type of this value.
func (c *connector) Driver() driver.Driver { return c.driver }

// Close closes the connector. database/sql calls Close when the pool is closed.
func (c *connector) Close() error {
	c.engine.retries.close()
	c.engine.pool.Close()
	if closer, ok := c.raw.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
