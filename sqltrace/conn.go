package sqltrace

import (
	"context"
	"database/sql/driver"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// conn is the connection that database/sql uses. Only one goroutine at a time uses a
// connection.
type conn struct {
	engine  *engine
	direct  *direct
	otelsql traced
	skipped *statement // database/sql prepares this statement next, because of ErrSkip
	tx      *tx
}

// traced contains the methods that the type conn calls on otelsql's connection. Statements go
// directly to the driver.
type traced interface {
	driver.ConnPrepareContext
	driver.ConnBeginTx
}

// newConn returns a connection that wraps the parameter middle, which is a connection of
// otelsql. The new connection has the method ExecContext only if the driver can execute a
// statement without preparing it. In the same way, it has QueryContext only if the driver
// can query without preparing. This is necessary because database/sql checks the arguments
// differently if a method is missing.
func newConn(e *engine, middle driver.Conn) driver.Conn {
	c := &conn{engine: e}
	c.direct = middle.(interface{ Raw() driver.Conn }).Raw().(*direct) //nolint:forcetypeassert // otelsql wraps a *direct
	c.otelsql = middle.(traced)                                        //nolint:forcetypeassert // otelsql's connection has all of them
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
	case driver.ExecerContext, driver.Execer: //nolint:staticcheck // some drivers have only this method
		execs = true
	}
	switch d.raw.(type) {
	case driver.QueryerContext, driver.Queryer: //nolint:staticcheck // some drivers have only this method
		queries = true
	}
	return execs, queries
}

type execer struct{ of *conn }

func (e execer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c := e.of
	st := c.begin(ctx, query)
	if st == nil {
		return c.direct.exec(ctx, query, args)
	}
	defer c.endAttempt(st)
	inside := st.startSpan()
	result, err := c.direct.exec(inside, st.text(), args)
	st.answer(result, nil, err)
	return result, err
}

type queryer struct{ of *conn }

func (q queryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	c := q.of
	st := c.begin(ctx, query)
	if st == nil {
		return c.direct.query(ctx, query, args)
	}
	defer func() { rows = c.endAttempt(st) }()
	inside := st.startSpan()
	rows, err = c.direct.query(inside, st.text(), args)
	st.answer(nil, rows, err)
	return nil, err
}

// begin starts an attempt to execute query. It returns nil if nothing records the
// statement.
func (c *conn) begin(ctx context.Context, query string) *statement {
	st := c.engine.newStatement(c.tx.above(ctx), query, c.tx)
	if st != nil {
		st.reset()
	}
	return st
}

// endAttempt is called when an attempt is over. If another attempt follows immediately,
// endAttempt stores st and returns nil. Otherwise it finishes st and returns the rows of st,
// or nil if st has no rows. After endAttempt returns, another goroutine may use st.
func (c *conn) endAttempt(st *statement) (rows driver.Rows) {
	switch {
	case st.err == driver.ErrSkip: //nolint:errorlint // database/sql compares it in the same way
		c.drop()
		c.skipped = st
	case isBad(st.err) && c.engine.retries.keep(st):
	default:
		return st.finish()
	}
	return nil
}

// drop ends the span of a skipped statement that database/sql did not prepare.
func (c *conn) drop() {
	if st := c.skipped; st != nil {
		c.skipped = nil
		st.end(db.Outcome{})
	}
}

// resume returns the skipped statement if database/sql prepares query for this statement.
// It returns nil if the program itself prepares query.
func (c *conn) resume(query string) *statement {
	st := c.skipped
	if st == nil || st.query != query {
		return nil
	}
	c.skipped = nil
	return st
}

// PrepareContext prepares query. There are two cases:
//   - If the program itself requests the preparation, PrepareContext makes a span only if
//     preparing fails or takes at least 100 ms.
//   - If database/sql prepares query for a statement that has already started, the span of
//     the statement includes the preparation.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st := c.resume(query)
	start := time.Now()
	answered := false
	defer func() {
		if st != nil && !answered { // the driver has panicked
			st.reset()
			c.endAttempt(st)
		}
	}()
	_, err := c.otelsql.PrepareContext(ctx, query)
	answered = true
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
	return newPrepared(c, query, st), nil
}

// Prepare is not called by database/sql.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Begin is not called by database/sql.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) Close() error {
	c.drop()
	c.tx.end(db.Outcome{})
	c.engine.retries.connClosed()
	c.engine.connClosed()
	return c.direct.Close()
}

func (c *conn) Ping(ctx context.Context) error {
	if pinger, ok := c.direct.raw.(driver.Pinger); ok {
		return pinger.Ping(ctx)
	}
	return nil
}

// ResetSession makes no span. If the connection is bad, this is not recorded as an error.
// database/sql calls ResetSession when a caller gets a connection, and the caller may have
// waited for the connection. Therefore ResetSession also records the wait times.
func (c *conn) ResetSession(ctx context.Context) (err error) {
	c.drop()
	if e := c.engine; e.pool != nil {
		if _, measuring := e.Durations(); measuring {
			e.pool.Observe(e.stats())
		}
	}
	c.engine.retries.connecting(ctx)
	resetter, ok := c.direct.raw.(driver.SessionResetter)
	if !ok {
		return nil
	}
	usable := false
	defer func() { // deferred, because the driver may panic
		if !usable {
			c.engine.retries.missed(ctx, err)
		}
	}()
	err = resetter.ResetSession(ctx)
	usable = !isBad(err)
	return err
}

// IsValid is called when database/sql puts the connection back into the pool. If this
// goroutine still has a stored call, database/sql got the connection for this call, but
// did not execute the statement. The reason is that it could not convert an argument.
func (c *conn) IsValid() bool {
	c.engine.retries.abandon()
	validator, ok := c.direct.raw.(driver.Validator)
	return !ok || validator.IsValid()
}

// CheckNamedValue returns [driver.ErrSkip] if the driver does not check values. Then
// database/sql checks the value.
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.direct.raw.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// Raw returns the connection that the driver made. See [Unwrap].
func (c *conn) Raw() driver.Conn { return c.direct.raw }

// Unwrap also returns the connection that the driver made. Functions of some drivers, such
// as Limit of modernc.org/sqlite, call this method to find their own connection inside a
// wrapper.
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

// note makes a span for a BEGIN, COMMIT or ROLLBACK that failed or took at least 100 ms.
func (c *conn) note(ctx context.Context, name string, start time.Time, o db.Outcome) {
	if db.Notable(time.Since(start), o) {
		c.engine.Note(ctx, name, c.engine.statements.StartOptions(trace.SpanKindClient, name), start, o)
	}
}
