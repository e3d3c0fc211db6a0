package sqltrace

import (
	"context"
	"database/sql/driver"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// tx is a transaction. If [WithTransactions] is set, tx also contains the span of the
// transaction.
type tx struct {
	driver.Tx // the transaction that otelsql made

	conn     *conn
	observed bool
	ctx      context.Context //nolint:containedctx // used only as the parent of spans
	parent   trace.SpanContext
	span     trace.Span // nil if the transaction has no span
}

// BeginTx begins a transaction. It makes a span for BEGIN only if BEGIN fails or takes at
// least 100 ms. If [WithTransactions] is set, BeginTx also starts the span of the
// transaction.
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

// tx.above may add the transaction span to ctx. If ctx has the same span as the context
// that was passed to BeginTx, the result is ctx with the transaction span. Otherwise the
// result is ctx itself.
func (t *tx) above(ctx context.Context) context.Context {
	if t == nil || t.span == nil || !trace.SpanContextFromContext(ctx).Equal(t.parent) {
		return ctx
	}
	return trace.ContextWithSpan(ctx, t.span)
}

// Commit makes a span only if it fails or takes at least 100 ms.
func (t *tx) Commit() error { return t.finish("COMMIT", t.Tx.Commit) }

// Rollback makes a span only if it fails or takes at least 100 ms. database/sql itself
// rolls back when a context ends. If a rollback fails because the connection is bad, this
// is not recorded as an error.
func (t *tx) Rollback() error { return t.finish("ROLLBACK", t.Tx.Rollback) }

func (t *tx) finish(name string, do func() error) error {
	t.conn.tx = nil
	t.conn.engine.retries.txDone(t)
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
