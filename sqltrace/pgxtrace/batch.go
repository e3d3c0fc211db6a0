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

// batch is a batch under way. It is the context that pgx keeps for it.
//
// The server executes its statements one after the other, but sends the answers
// when it has enough of them, or all. So a statement is known to have been executed
// between the answer that came before the one to the statement ahead of it and its
// own answer, and those whose answers came together were so at the same time, for
// all that anybody but the server knows.
type batch struct {
	context.Context //nolint:containedctx // it is a context

	session  *session
	queued   []*pgx.QueuedQuery
	start    time.Time
	span     trace.Span    // nil when there is none
	answered int           // how many statements were, and are recorded
	from     time.Duration // when the next may have begun, at the earliest
	failed   bool          // one of them

	current statement // the one that is recorded
	opts    []trace.SpanStartOption
}

type batchKey struct{}

// Value returns the batch for its key.
func (b *batch) Value(key any) any {
	switch key {
	case batchKey{}:
		return b
	case statementKey{}:
		return nil
	}
	return b.Context.Value(key)
}

// describe returns the name and the attributes of the span around. What all
// statements do is part of them if it is the same.
func (b *batch) describe() (name string, attrs []attribute.KeyValue) {
	common := b.session.statements.Common()
	attrs = append(make([]attribute.KeyValue, 0, len(common)+3), common...)
	name, operation := "BATCH", "BATCH"
	if first := b.session.statement(b.queued[0].SQL); b.alike() && first.Summary != "" {
		name += " " + first.Summary
		operation += " " + first.Name
	}
	return name, append(attrs, semconv.DBOperationName(operation), semconv.DBQuerySummary(name), semconv.DBOperationBatchSize(len(b.queued)))
}

func (b *batch) alike() bool {
	for _, q := range b.queued[1:] {
		if q.SQL != b.queued[0].SQL {
			return false
		}
	}
	return true
}

// record makes the span of a statement, and measures it.
func (b *batch) record(sql string, tag pgconn.CommandTag, o db.Outcome) {
	s := b.session
	b.answered++
	b.failed = b.failed || o.Type != ""
	from, to := b.from, time.Since(b.start)
	if last, before, ok := s.wire.answers(b); ok {
		to, b.from = last, before
	}
	b.current = statement{Context: b.Context, session: s, operation: s.statement(sql), start: b.start.Add(from), ended: true}
	st := &b.current
	took := to - from
	if st.operation.Transaction != "" {
		if o.Failed { // how long that alone took is not known
			s.tracer.Note(b.Context, st.operation.SpanName, st.operation.Start, st.start, o)
		}
		return
	}
	if tracer, tracing := s.tracer.TracerUnder(b.Context); tracing {
		s.tracer.CountRepeats(b.Context, st.operation.Summary)
		b.opts = append(append(b.opts[:0], st.operation.Start...), trace.WithTimestamp(st.start))
		st.Context, st.span = tracer.Start(b.Context, st.operation.SpanName, b.opts...) //nolint:spancheck // it is ended below
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

// end ends the span of the batch, at the time of the last answer if that is notably
// earlier than now.
func (b *batch) end(o db.Outcome) {
	end := time.Since(b.start)
	if last, _, ok := b.session.wire.answers(b); ok && end-last > sqldb.Slack {
		end = last
	}
	b.session.wire.stop(b)
	if b.span != nil {
		o.Describe(b.span)
		b.span.End(trace.WithTimestamp(b.start.Add(end)))
	}
}

// failedStatement returns the statement that the server refused, or that could not be
// prepared, if it was not recorded.
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
