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

var noTag pgconn.CommandTag

// The type statement is the state of a statement that is being executed. It is also the
// context.Context that pgx uses for this statement.
type statement struct {
	context.Context //nolint:containedctx // statement is a context itself

	session   *session
	operation *sqldb.Statement
	start     time.Time
	span      trace.Span // nil if the statement has no span
	bare      bool       // the attributes of operation must still be set on the span
	copies    bool       // the statement is a COPY
	finishes  bool       // the statement finishes a transaction
	ended     bool
}

type statementKey struct{}

func (st *statement) Value(key any) any {
	if key == (statementKey{}) {
		return st
	}
	return st.Context.Value(key)
}

// statementOf returns the statement from which ctx derives. If ctx derives from no
// statement, statementOf returns nil.
func statementOf(ctx context.Context) *statement {
	st, _ := ctx.Value(statementKey{}).(*statement)
	return st
}

// unobserved returns a context for a statement that is neither traced nor measured. If ctx
// derives from another statement, the new context hides that statement.
func unobserved(ctx context.Context) context.Context {
	if statementOf(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, statementKey{}, (*statement)(nil))
}

// begin starts the span of st. It also sets st.Context to a context that contains the span.
func (st *statement) begin(ctx context.Context) {
	s := st.session
	st.Context = s.tx.above(ctx)
	if tracer, tracing := s.tracer.TracerUnder(st.Context); tracing {
		st.Context, st.span, st.bare = s.tracer.Start(st.Context, tracer, &st.operation.Operation)
	}
}

// end records the duration of the statement and ends the span. The end time is the time of
// the server's answer. A statement that controls a transaction makes a span only if the
// statement failed or took at least 100 ms.
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

// rowsOf returns the attribute for the number of rows. This number is the last word of tag.
// If tag contains no number, rowsOf returns an empty attribute.
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

// classify returns the outcome of a statement. If the server returned a row and the program
// could not scan it, the outcome is not a failure of the database.
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
