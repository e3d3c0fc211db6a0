package pgxtrace

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// batch is the state of a pgx batch that is being executed. It is also the context.Context
// that pgx uses for this batch.
//
// Normally the batch is one operation. With WithBatchStatements, or if the batch has only one
// statement, each statement is an operation.
//
// The server executes the statements one after the other, but it may send several results in
// one answer. Therefore the exact times of a statement are not known, and the span has the
// widest possible times:
//   - The span starts at the earliest time at which the server can have finished the
//     previous statement. One read got the answer with the result of the previous statement.
//     The span starts when the read or write before this read ended.
//   - The span ends when the answer with the result of the statement arrived.
//
// Several statements may have the same times.
type batch struct {
	context.Context //nolint:containedctx // batch is a context itself

	session   *session
	queued    []*pgx.QueuedQuery
	operation *db.Operation // nil if each statement is an operation
	start     time.Time
	span      trace.Span // nil if the batch has no span
	bare      bool       // the attributes of operation must still be set on the span
	outcome   db.Outcome // the outcome of the first statement that failed
	ended     bool

	answered int           // number of statements that were already handled
	from     time.Duration // earliest start of the next statement, as time since b.start
	failed   bool          // one of the statements failed

	current statement // the statement for which a span is made now
	opts    []trace.SpanStartOption
}

type batchKey struct{}

// Value returns b for the key batchKey. For the key statementKey it returns nil, because
// the batch is not part of another statement. This is true even if the context of the batch
// derives from a statement.
func (b *batch) Value(key any) any {
	switch key {
	case batchKey{}:
		return b
	case statementKey{}:
		return nil
	}
	return b.Context.Value(key)
}

// begin starts the span of the batch.
func (b *batch) begin() {
	t := b.session.tracer
	if !t.config.BatchStatements && len(b.queued) > 1 {
		b.operation = b.session.statements.Batch(b.texts)
	}
	tracer, tracing := t.TracerUnder(b.Context)
	switch {
	case !tracing || len(b.queued) < 2:
	case b.operation != nil:
		b.Context, b.span, b.bare = t.Start(b.Context, tracer, b.operation)
		if !b.bare {
			b.span.SetAttributes(b.size())
		}
	default:
		name, attrs := b.describe()
		b.Context, b.span = tracer.Start(b.Context, name, //nolint:spancheck // batch.end ends the span
			trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(attrs...), trace.WithTimestamp(b.start))
	}
}

func (b *batch) texts(yield func(string) bool) {
	for _, q := range b.queued {
		if !yield(b.session.text(q.SQL)) {
			return
		}
	}
}

// describe returns the name and the attributes of the INTERNAL span of a batch.
func (b *batch) describe() (name string, attrs []attribute.KeyValue) {
	o := b.session.statements.Batch(b.texts)
	common := b.session.statements.Common()
	attrs = append(make([]attribute.KeyValue, 0, len(common)+3), common...)
	return o.SpanName, append(attrs, semconv.DBOperationName(o.Name), semconv.DBQuerySummary(o.Summary), b.size())
}

func (b *batch) size() attribute.KeyValue { return semconv.DBOperationBatchSize(len(b.queued)) }

func (b *batch) record(sql string, tag pgconn.CommandTag, o db.Outcome) {
	s := b.session
	b.answered++
	b.failed = b.failed || o.Failed || o.Type == "canceled"
	if !b.outcome.Failed && o.Type != "" {
		b.outcome = o
	}
	if b.operation != nil {
		return
	}
	from, to := b.from, time.Since(b.start)
	if last, before, ok := s.wire.answers(b); ok {
		to, b.from = last, before
	}
	b.current = statement{Context: b.Context, session: s, operation: s.statement(sql), start: b.start.Add(from), ended: true}
	st := &b.current
	took := to - from
	if st.operation.Transaction != "" {
		if o.Failed { // the duration of the single statement is not known
			s.tracer.Note(b.Context, st.operation.SpanName, st.operation.Start, st.start, o)
		}
		return
	}
	if tracer, tracing := s.tracer.TracerUnder(b.Context); tracing {
		s.tracer.CountRepeats(b.Context, st.operation.Summary)
		b.opts = append(append(b.opts[:0], st.operation.Start...), trace.WithTimestamp(st.start))
		st.Context, st.span = tracer.Start(b.Context, st.operation.SpanName, b.opts...) //nolint:spancheck // ended below
		if st.span.IsRecording() {
			s.tracer.MarkSlow(st.span, took)
			o.Describe(st.span)
			st.operation.Complete(st.span, false, rowsOf(tag))
		}
		st.span.End(trace.WithTimestamp(st.start.Add(took)))
	}
	if durations, measuring := s.tracer.Durations(); measuring {
		durations.Record(st.Context, &st.operation.Operation, o, took)
	}
}

// end ends the batch span. Normally the span ends now. If the server's last answer arrived
// more than sqldb.Slack ago, the span ends at the time of this answer.
func (b *batch) end(o db.Outcome) {
	if b.ended { // pgx reports the end of a batch that it could not send twice
		return
	}
	b.ended = true
	end := time.Since(b.start)
	if last, _, ok := b.session.wire.answers(b); ok && end-last > sqldb.Slack {
		end = last
	}
	b.session.wire.stop(b)
	if b.operation != nil {
		if b.outcome.Type != "" {
			o = b.outcome
		}
		b.measure(o, end)
	}
	if b.span != nil {
		o.Describe(b.span)
		b.span.End(trace.WithTimestamp(b.start.Add(end)))
	}
}

// measure records the duration of a batch that is one operation, and completes its span.
func (b *batch) measure(o db.Outcome, took time.Duration) {
	t := b.session.tracer
	if durations, measuring := t.Durations(); measuring {
		durations.Record(b.Context, b.operation, o, took)
	}
	if b.span != nil && b.span.IsRecording() {
		t.MarkSlow(b.span, took)
		b.operation.Complete(b.span, b.bare, b.size())
	}
}

// failedStatement returns the text of the statement that the server rejected or that could
// not be prepared. unrecorded is false if there is no such statement, or if the statement
// is already recorded.
func (b *batch) failedStatement(err error) (sql string, unrecorded bool) {
	if err == nil || b.failed || b.answered >= len(b.queued) {
		return "", false
	}
	var unprepared interface{ SQL() string }
	if errors.As(err, &unprepared) {
		return unprepared.SQL(), true
	}
	var refused *pgconn.PgError
	return b.queued[b.answered].SQL, errors.As(err, &refused)
}

// isOfDatabase reports whether err comes from the database or from the connection. Functions that the
// program adds to a batch may also return errors.
func isOfDatabase(conn *pgx.Conn, err error) bool {
	var refused *pgconn.PgError
	var unprepared interface{ SQL() string }
	return errors.As(err, &refused) || errors.As(err, &unprepared) || pgconn.Timeout(err) || conn.IsClosed()
}
