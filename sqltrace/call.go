package sqltrace

import (
	"context"
	"database/sql/driver"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// call is one statement, from the first attempt until its span ends. It is the
// context that goes through otelsql.
type call struct {
	context.Context //nolint:containedctx // it is a context

	engine    *engine
	query     string
	tx        *tx // nil outside of transactions
	statement *sqldb.Statement
	start     time.Time
	inside    context.Context //nolint:containedctx // what the driver gets, with the span
	span      trace.Span      // nil before it starts, and when nothing is traced
	bare      bool            // the span is to be told what the statement says

	// What the driver returned.
	returned bool
	result   driver.Result
	rows     driver.Rows
	err      error
	told     attribute.KeyValue // how many rows it was about

	reading rows // the rows, as the program gets them
}

// newCall returns the call of query under ctx, in tx unless that is nil. It returns nil if
// nothing records it.
func (e *engine) newCall(ctx context.Context, query string, tx *tx) *call {
	if !e.Observed(ctx) {
		return nil
	}
	if c := e.retries.take(ctx, query, tx); c != nil {
		return c
	}
	return &call{Context: ctx, engine: e, query: query, tx: tx, statement: e.statements.Get(query), start: time.Now()}
}

// startSpan starts the span, if it has not started, and returns its context.
func (c *call) startSpan() context.Context {
	if c.inside == nil {
		c.inside = c.Context
		if tracer, tracing := c.engine.Tracer(); tracing {
			c.inside, c.span, c.bare = c.engine.Start(c.Context, tracer, &c.statement.Operation)
		}
	}
	return c.inside
}

// again prepares c for another attempt.
func (c *call) again() {
	c.returned, c.result, c.rows, c.err = false, nil, nil, nil
}

// answer takes in what the driver returned.
func (c *call) answer(result driver.Result, rows driver.Rows, err error) {
	c.returned, c.result, c.rows, c.err = true, result, rows, err
}

func (c *call) outcome() db.Outcome {
	if !c.returned {
		return db.Panicked
	}
	return sqldb.Classify(c.Context, c.err)
}

// finish measures the call, which was made on a connection, and ends its span
// unless there are rows, which are returned. Those of a call with a span end it.
func (c *call) finish(on *conn) driver.Rows {
	o := c.outcome()
	ctx := c.startSpan()
	returned := time.Now()
	took := returned.Sub(c.start)
	if durations, measuring := c.engine.Durations(); measuring {
		durations.Record(ctx, &c.statement.Operation, o, took)
	}
	if c.span != nil {
		c.engine.MarkSlow(c.span, took)
	}
	if c.rows != nil && c.span != nil && c.span.IsRecording() {
		return c.read(on, returned)
	}
	c.describeResult()
	c.end(o)
	return c.rows
}

func (c *call) describeResult() {
	if c.result == nil || c.err != nil || c.span == nil || !c.span.IsRecording() {
		return
	}
	defer func() { _ = recover() }() // of a result that is none
	if n, err := c.result.RowsAffected(); err == nil {
		c.told = sqldb.AffectedRowsKey.Int64(n)
	}
}

// end ends the span.
func (c *call) end(o db.Outcome, opts ...trace.SpanEndOption) {
	if c.span != nil {
		o.Describe(c.span)
		c.statement.Complete(c.span, c.bare, c.told)
		c.span.End(opts...)
	}
}
