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
	skipped *statement // the driver wants this one prepared; database/sql does that next
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
	st := c.begin(ctx, query)
	if st == nil {
		return c.direct.ExecContext(ctx, query, args)
	}
	defer c.endAttempt(st)
	_, _ = c.otelsql.ExecContext(st, query, args)
	return st.result, st.err
}

// queryer is the part of a connection that queries without preparing.
type queryer struct{ of *conn }

func (q queryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	c := q.of
	st := c.begin(ctx, query)
	if st == nil {
		return c.direct.QueryContext(ctx, query, args)
	}
	defer func() { rows = c.endAttempt(st) }()
	_, _ = c.otelsql.QueryContext(st, query, args)
	return nil, st.err
}

// begin begins an attempt to do what query says, nil if nothing records it.
func (c *conn) begin(ctx context.Context, query string) *statement {
	st := c.engine.newStatement(c.tx.above(ctx), query, c.tx)
	if st != nil {
		c.startAttempt(st)
	}
	return st
}

func (c *conn) startAttempt(st *statement) {
	st.reset()
	c.direct.statement = st
}

// endAttempt decides what becomes of st now that an attempt is over, and returns its
// rows, if it has any. After that, st may belong to another goroutine.
func (c *conn) endAttempt(st *statement) (rows driver.Rows) {
	c.direct.statement = nil
	switch {
	case st.err == driver.ErrSkip: //nolint:errorlint // as database/sql compares it
		c.drop()
		c.skipped = st
	case isBad(st.err) && c.engine.retries.keep(st):
	default:
		return st.finish(c)
	}
	return nil
}

// drop ends the span of a statement that was to be prepared and was not.
func (c *conn) drop() {
	if st := c.skipped; st != nil {
		c.skipped = nil
		st.end(db.Outcome{})
	}
}

// resume returns the statement that query is prepared for, nil if the program itself
// prepares it.
func (c *conn) resume(query string) *statement {
	st := c.skipped
	if st == nil || st.query != query {
		return nil
	}
	c.skipped = nil
	return st
}

// PrepareContext makes a span only if it fails or takes long; if it is done for a
// statement under way, it belongs to that.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st := c.resume(query)
	start := time.Now()
	made, err := c.otelsql.PrepareContext(ctx, query)
	if st == nil && err != nil {
		st = c.engine.retries.take(c.tx.above(ctx), query, c.tx)
	}
	switch {
	case st != nil && err != nil:
		st.answer(nil, nil, err)
		c.endAttempt(st)
	case st == nil && c.engine.Observed(ctx):
		if o := sqldb.Classify(ctx, err); db.Notable(time.Since(start), o) && !isBad(err) {
			s := c.engine.statements.Get(query)
			c.engine.Note(c.tx.above(ctx), s.SpanName, s.Start, start, o)
		}
	}
	if err != nil {
		return nil, err
	}
	return newPrepared(c, query, made, st), nil
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
