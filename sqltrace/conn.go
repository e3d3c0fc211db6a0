package sqltrace

import (
	"context"
	"database/sql/driver"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// conn is a connection as database/sql sees it, which uses it from one goroutine
// at a time.
type conn struct {
	engine  *engine
	direct  *direct
	otelsql traced
	skipped *call // the driver wants this one prepared; database/sql does that next
	tx      *tx
	rows    *rows // whose span has not ended
}

// traced is what otelsql's connection is used for.
type traced interface {
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.ConnBeginTx
}

// newConn returns a connection with what otelsql made. What database/sql does
// depends on whether there is a way to execute and to query without preparing:
// arguments are checked differently then.
func newConn(e *engine, middle driver.Conn) driver.Conn {
	c := &conn{engine: e}
	c.direct = middle.(interface{ Raw() driver.Conn }).Raw().(*direct) //nolint:forcetypeassert // otelsql wraps it
	c.otelsql = middle.(traced)                                        //nolint:forcetypeassert // otelsql has all
	execs, queries := c.direct.abilities()
	switch {
	case execs && queries:
		return struct {
			*conn
			execer
			queryer
		}{c, execer{c}, queryer{c}}
	case execs:
		return struct {
			*conn
			execer
		}{c, execer{c}}
	case queries:
		return struct {
			*conn
			queryer
		}{c, queryer{c}}
	}
	return c
}

func (d *direct) abilities() (execs, queries bool) {
	switch d.raw.(type) {
	case driver.ExecerContext, driver.Execer: //nolint:staticcheck // for drivers that have no other
		execs = true
	}
	switch d.raw.(type) {
	case driver.QueryerContext, driver.Queryer: //nolint:staticcheck // for drivers that have no other
		queries = true
	}
	return execs, queries
}

// execer is the part of a connection that executes without preparing.
type execer struct{ of *conn }

func (e execer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c := e.of
	k := c.begin(ctx, query)
	if k == nil {
		return c.direct.ExecContext(ctx, query, args)
	}
	defer c.settle(k)
	_, _ = c.otelsql.ExecContext(k, query, args)
	return k.result, k.err
}

// queryer is the part of a connection that queries without preparing.
type queryer struct{ of *conn }

func (q queryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	c := q.of
	k := c.begin(ctx, query)
	if k == nil {
		return c.direct.QueryContext(ctx, query, args)
	}
	defer func() { rows = c.settle(k) }()
	_, _ = c.otelsql.QueryContext(k, query, args)
	return nil, k.err
}

// begin begins an attempt to do what query says, nil when nobody wants to know.
func (c *conn) begin(ctx context.Context, query string) *call {
	k := c.engine.newCall(c.tx.above(ctx), query, c.tx)
	if k != nil {
		c.attempt(k)
	}
	return k
}

func (c *conn) attempt(k *call) {
	k.again()
	c.direct.call = k
}

// settle decides what becomes of k now that an attempt is over, and returns its
// rows, if it has any. After that, k may be somebody else's.
func (c *conn) settle(k *call) (rows driver.Rows) {
	c.direct.call = nil
	switch {
	case k.err == driver.ErrSkip: //nolint:errorlint // as database/sql compares it
		c.drop()
		c.skipped = k
	case isBad(k.err) && c.engine.retries.keep(k):
	default:
		return k.finish(c)
	}
	return nil
}

// drop ends the span of a call that was to be prepared and was not.
func (c *conn) drop() {
	if k := c.skipped; k != nil {
		c.skipped = nil
		k.end(db.Outcome{})
	}
}

// resume returns the call that query is prepared for, nil if the program itself
// prepares it.
func (c *conn) resume(query string) *call {
	k := c.skipped
	if k == nil || k.query != query {
		return nil
	}
	c.skipped = nil
	return k
}

// PrepareContext makes a span only if it fails or takes long; if it is done for a
// call under way, it belongs to that.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	k := c.resume(query)
	start := time.Now()
	made, err := c.otelsql.PrepareContext(ctx, query)
	if k == nil && err != nil {
		k = c.engine.retries.take(c.tx.above(ctx), query, c.tx)
	}
	switch {
	case k != nil && err != nil:
		k.answer(nil, nil, err)
		c.settle(k)
	case k == nil && c.engine.Observed(ctx):
		if o := sqldb.Classify(ctx, err); db.Notable(time.Since(start), o) && !isBad(err) {
			s := c.engine.statements.Get(query)
			c.engine.Note(c.tx.above(ctx), s.SpanName, s.Start, start, o)
		}
	}
	if err != nil {
		return nil, err
	}
	return newStmt(c, query, made, k), nil
}

// Prepare is not called by database/sql.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Begin is not called by database/sql.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// Close ends what is still open.
func (c *conn) Close() error {
	c.drop()
	c.rows.release()
	c.tx.end(db.Outcome{})
	c.engine.retries.connClosed()
	return c.direct.Close()
}

// Ping makes no span.
func (c *conn) Ping(ctx context.Context) error {
	if pinger, ok := c.direct.raw.(driver.Pinger); ok {
		return pinger.Ping(ctx)
	}
	return nil
}

// ResetSession makes no span; that the connection turns out to be bad is no error.
// It is called where a connection was waited for, as it was got.
func (c *conn) ResetSession(ctx context.Context) error {
	c.drop()
	if e := c.engine; e.pool != nil {
		if _, measuring := e.Durations(); measuring {
			e.pool.Observe(e.stats())
		}
	}
	resetter, ok := c.direct.raw.(driver.SessionResetter)
	if !ok {
		return nil
	}
	c.engine.retries.connecting(ctx)
	err := resetter.ResetSession(ctx)
	if isBad(err) {
		c.engine.retries.missed(ctx, err)
	}
	return err
}

// IsValid reports whether the connection may be used again.
func (c *conn) IsValid() bool {
	validator, ok := c.direct.raw.(driver.Validator)
	return !ok || validator.IsValid()
}

// CheckNamedValue leaves to database/sql what the driver does not check.
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.direct.raw.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// Raw returns the driver's own connection, see [Unwrap].
func (c *conn) Raw() driver.Conn { return c.direct.raw }

// Unwrap returns the same, for the functions of drivers that look behind wrappers by this
// method, such as Limit of modernc.org/sqlite.
func (c *conn) Unwrap() driver.Conn { return c.direct.raw }

var _ interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
} = (*conn)(nil)

// note makes a span of BEGIN, COMMIT or ROLLBACK, if it is notable.
func (c *conn) note(ctx context.Context, name string, start time.Time, o db.Outcome) {
	if db.Notable(time.Since(start), o) {
		c.engine.Note(ctx, name, c.engine.statements.StartOptions(trace.SpanKindClient, name), start, o)
	}
}
