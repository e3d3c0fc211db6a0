package sqltrace

import (
	"context"
	"database/sql/driver"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// tx is a transaction, with its span if [WithTransactions] is set.
type tx struct {
	driver.Tx // otelsql's transaction

	conn     *conn
	observed bool
	ctx      context.Context //nolint:containedctx // used only as the parent of spans
	parent   trace.SpanContext
	span     trace.Span // nil without WithTransactions
}

// BeginTx makes a span only if it fails or takes at least 100 ms. [WithTransactions] adds
// the span of the transaction.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if !c.engine.Observed(ctx) {
		begun, err := c.direct.BeginTx(ctx, opts)
		if err != nil {
			return nil, err
		}
		c.tx = &tx{Tx: begun, conn: c, ctx: ctx}
		return c.tx, nil
	}
	t := &tx{conn: c, observed: true, ctx: context.WithoutCancel(ctx), parent: trace.SpanContextFromContext(ctx)}
	t.start()
	inside := t.above(ctx)
	start := time.Now()
	begun, err := c.otelsql.BeginTx(inside, opts)
	o := sqldb.Classify(ctx, err)
	if !isBad(err) {
		c.note(inside, "BEGIN", start, o)
	}
	if err != nil {
		t.end(o)
		return nil, err
	}
	t.Tx = begun
	c.tx = t
	return t, nil
}

func (t *tx) start() {
	e := t.conn.engine
	tracer, tracing := e.Tracer()
	if !tracing || !e.config.Transactions {
		return
	}
	_, t.span = tracer.Start(t.ctx, "transaction", e.statements.StartOptions(trace.SpanKindInternal, "")...) //nolint:spancheck // the method end ends it
}

// above returns ctx with the span of the transaction, if ctx has the same span as the
// context that was passed to BeginTx. Otherwise above returns ctx unchanged.
func (t *tx) above(ctx context.Context) context.Context {
	if t == nil || t.span == nil || !trace.SpanContextFromContext(ctx).Equal(t.parent) {
		return ctx
	}
	return trace.ContextWithSpan(ctx, t.span)
}

// Commit makes a span only if it fails or takes at least 100 ms.
func (t *tx) Commit() error { return t.finish("COMMIT", t.Tx.Commit) }

// Rollback makes a span only if it fails or takes at least 100 ms. database/sql rolls back
// by itself when a context ends. If that fails because the connection is bad, it is not an
// error of the program.
func (t *tx) Rollback() error { return t.finish("ROLLBACK", t.Tx.Rollback) }

func (t *tx) finish(name string, do func() error) error {
	t.conn.tx = nil
	start := time.Now()
	err := do()
	if !t.observed {
		return err
	}
	o := sqldb.Classify(t.ctx, err)
	if name == "ROLLBACK" && isBad(err) {
		o = db.Outcome{}
	}
	t.conn.note(t.above(t.ctx), name, start, o)
	t.end(o)
	return err
}

// end ends the span of the transaction. t may be nil.
func (t *tx) end(o db.Outcome) {
	if t == nil || t.span == nil {
		return
	}
	o.Describe(t.span)
	t.span.End()
	t.span = nil
}
