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

// batch is a batch that is being executed. It is also the context that pgx keeps for the
// batch.
//
// The server executes the statements one after the other, but may send several results in
// one answer. Therefore the times of a statement are only limits. The start of its span is
// the answer before the one with the previous statement's result. The end of its span is the
// answer with its own result. Several statements may have the same times.
type batch struct {
	context.Context //nolint:containedctx // batch is a context itself

	session  *session
	queued   []*pgx.QueuedQuery
	start    time.Time
	span     trace.Span    // nil if the batch has no span
	answered int           // number of statements that were answered; each of them is recorded
	from     time.Duration // earliest start of the next statement, since start
	failed   bool          // one of the statements failed

	current statement // the statement that is being recorded
	opts    []trace.SpanStartOption
}

type batchKey struct{}

// Value returns b for the key batchKey, and no statement for the key statementKey.
func (b *batch) Value(key any) any {
	switch key {
	case batchKey{}:
		return b
	case statementKey{}:
		return nil
	}
	return b.Context.Value(key)
}

// describe returns the name and the attributes of the span of the batch. They contain the
// operation if all statements have the same text.
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

// alike reports whether all statements have the same text.
func (b *batch) alike() bool {
	for _, q := range b.queued[1:] {
		if q.SQL != b.queued[0].SQL {
			return false
		}
	}
	return true
}

// record makes the span of a statement and records its duration.
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
		if o.Failed { // its own duration is unknown
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

// end ends the span of the batch. The end time is the time of the last answer, if that is
// earlier than now by more than sqldb.Slack.
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

// failedStatement returns the statement that the server rejected or that could not be
// prepared. unrecorded is false if there is no such statement or if it is already recorded.
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
