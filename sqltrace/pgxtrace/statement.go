package pgxtrace

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// noTag is the command tag of what has none.
var noTag pgconn.CommandTag

// statement is one under way. It is the context that pgx keeps for it.
type statement struct {
	context.Context //nolint:containedctx // it is a context

	session   *session
	operation *sqldb.Statement
	start     time.Time
	span      trace.Span // nil when there is none
	bare      bool       // the attributes of operation are to be set on the span
	copies    bool       // it is a COPY
	ended     bool
}

type statementKey struct{}

// Value returns the statement itself for its key.
func (st *statement) Value(key any) any {
	if key == (statementKey{}) {
		return st
	}
	return st.Context.Value(key)
}

// statementOf returns the statement that ctx belongs to, nil if there is none.
func statementOf(ctx context.Context) *statement {
	st, _ := ctx.Value(statementKey{}).(*statement)
	return st
}

// unobserved returns ctx for a statement that is neither traced nor measured: it is not
// taken for part of what is under way outside.
func unobserved(ctx context.Context) context.Context {
	if statementOf(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, statementKey{}, (*statement)(nil))
}

// begin starts the span, which the context has from now on.
func (st *statement) begin(ctx context.Context) {
	s := st.session
	st.Context = s.tx.above(ctx)
	if tracer, tracing := s.tracer.TracerUnder(st.Context); tracing {
		st.Context, st.span, st.bare = s.tracer.Start(st.Context, tracer, &st.operation.Operation)
	}
}

// end measures the statement and ends its span, as of when the server had answered. Of
// part of a transaction there is a span only if it failed or took long.
func (st *statement) end(tag pgconn.CommandTag, o db.Outcome) {
	if st.ended {
		return
	}
	st.ended = true
	s := st.session
	s.close(st)
	took, exact := s.wire.took(st)
	if st.operation.Transaction != "" {
		if took := time.Since(st.start); db.Notable(took, o) {
			s.tracer.Note(st.Context, st.operation.SpanName, st.operation.Start, st.start, o)
		}
		return
	}
	if durations, measuring := s.tracer.Durations(); measuring {
		durations.Record(st.Context, &st.operation.Operation, o, took)
	}
	if st.span == nil {
		return
	}
	if st.span.IsRecording() {
		s.tracer.MarkSlow(st.span, took)
		o.Describe(st.span)
		st.operation.Complete(st.span, st.bare, rowsOf(tag))
	}
	if exact {
		st.span.End(trace.WithTimestamp(st.start.Add(took)))
	} else {
		st.span.End()
	}
}

// rowsOf returns the number of rows, which the tag of statements that have one ends
// with.
func rowsOf(tag pgconn.CommandTag) (rows attribute.KeyValue) {
	text := tag.String()
	switch {
	case text == "" || text[len(text)-1] < '0' || text[len(text)-1] > '9':
		return rows
	case strings.HasPrefix(text, "SELECT "), strings.HasPrefix(text, "FETCH "):
		return semconv.DBResponseReturnedRows(int(tag.RowsAffected()))
	default:
		return sqldb.AffectedRowsKey.Int64(tag.RowsAffected())
	}
}

// classify returns how a statement ended. That the program could not take in what
// the server answered is no failure of the database.
func classify(ctx context.Context, err error) db.Outcome {
	o := sqldb.Classify(ctx, err)
	if o.Failed && isScanning(err) {
		o.Failed = false
	}
	return o
}

func isScanning(err error) bool {
	var scanning pgx.ScanArgError
	return errors.As(err, &scanning)
}
