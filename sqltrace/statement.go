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

// statement is one statement of the program. It exists from the first attempt until the
// span ends.
type statement struct {
	ctx context.Context //nolint:containedctx // the context of the program

	engine    *engine
	query     string
	tx        *tx // nil if the statement is not in a transaction
	operation *sqldb.Statement
	start     time.Time
	inside    context.Context //nolint:containedctx // the driver's context, with the span
	span      trace.Span      // nil before the span starts; always nil if nothing is traced
	bare      bool            // the attributes of operation are not set on the span yet

	// These fields contain the driver's answer to the last attempt.
	returned bool
	result   driver.Result
	rows     driver.Rows
	err      error
	answered time.Time          // the time of the answer
	rowCount attribute.KeyValue // the number of rows that were returned or affected

	reading rows // the rows that the program reads
}

// newStatement returns the statement for an attempt to execute query with the context ctx.
// If this is a further attempt after a bad connection, newStatement returns the statement of
// the earlier attempt. Outside a transaction, tx is nil. The result is nil if nothing
// records the statement.
func (e *engine) newStatement(ctx context.Context, query string, tx *tx) *statement {
	if !e.Observed(ctx) {
		return nil
	}
	if st := e.retries.take(ctx, query, tx); st != nil {
		return st
	}
	return &statement{ctx: ctx, engine: e, query: query, tx: tx, operation: e.statements.Get(query), start: time.Now()}
}

// startSpan starts the span, unless the span has already started. It returns the context
// that contains the span.
func (st *statement) startSpan() context.Context {
	if st.inside == nil {
		st.inside = st.ctx
		if tracer, tracing := st.engine.Tracer(); tracing {
			st.inside, st.span, st.bare = st.engine.Start(st.ctx, tracer, &st.operation.Operation)
		}
	}
	return st.inside
}

func (st *statement) reset() {
	st.returned, st.result, st.rows, st.err = false, nil, nil, nil
}

func (st *statement) answer(result driver.Result, rows driver.Rows, err error) {
	st.returned, st.result, st.rows, st.err = true, result, rows, err
}

// text returns the text for the driver. If comments are on, it contains the comment of st. The
// span must have started.
func (st *statement) text() string {
	if !st.engine.comments {
		return st.query
	}
	end := sqldb.EndOfStatement(st.query)
	return st.query[:end] + st.operation.Comment(st.span) + st.query[end:]
}

func (st *statement) outcome() db.Outcome {
	if !st.returned {
		return db.Panicked
	}
	return sqldb.Classify(st.ctx, st.err)
}

// finish returns the rows of the statement, or nil if it has no rows. If there are no rows, finish
// records the duration and ends the span. Otherwise both happen when the rows are closed, because
// only then it is known whether the statement has failed.
func (st *statement) finish() driver.Rows {
	st.startSpan()
	st.answered = time.Now()
	if st.rows != nil && st.err == nil {
		r := &st.reading
		r.Rows, r.statement = st.rows, st
		st.engine.readings.add(r)
		return r.asRows()
	}
	st.describeResult()
	o := st.outcome()
	st.record(o)
	st.end(o)
	return st.rows // some drivers return rows together with an error
}

// record records the duration of the statement, until the driver answered.
func (st *statement) record(o db.Outcome) {
	took := st.answered.Sub(st.start)
	if durations, measuring := st.engine.Durations(); measuring {
		durations.Record(st.inside, &st.operation.Operation, o, took)
	}
	if st.span != nil {
		st.engine.MarkSlow(st.span, took)
	}
}

func (st *statement) describeResult() {
	if st.result == nil || st.err != nil || st.span == nil || !st.span.IsRecording() {
		return
	}
	defer func() { _ = recover() }() // the result may be a nil pointer
	if n, err := st.result.RowsAffected(); err == nil {
		st.rowCount = sqldb.AffectedRowsKey.Int64(n)
	}
}

func (st *statement) end(o db.Outcome, opts ...trace.SpanEndOption) {
	if st.span != nil {
		o.Describe(st.span)
		st.operation.Complete(st.span, st.bare, st.rowCount)
		st.span.End(opts...)
	}
}
