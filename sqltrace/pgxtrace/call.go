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

// call is a statement under way. It is the context that pgx keeps for it.
type call struct {
	context.Context //nolint:containedctx // it is a context

	session   *session
	statement *sqldb.Statement
	start     time.Time
	span      trace.Span // nil when there is none
	bare      bool       // the span is to be told what the statement says
	copies    bool       // it is a COPY
	ended     bool
}

type callKey struct{}

// Value returns the call itself for its key.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// callOf returns the call that ctx belongs to, nil if there is none.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// unobserved returns ctx for something that nobody wants to know of: it is not
// taken for part of what is under way outside.
func unobserved(ctx context.Context) context.Context {
	if callOf(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, callKey{}, (*call)(nil))
}

// begin starts the span, which the context has from now on.
func (c *call) begin(ctx context.Context) {
	s := c.session
	c.Context = s.tx.above(ctx)
	if tracer, tracing := s.tracer.TracerUnder(c.Context); tracing {
		c.Context, c.span, c.bare = s.tracer.Start(c.Context, tracer, &c.statement.Operation)
	}
}

// end measures the call and ends its span, as of when the server had answered. Of
// part of a transaction there is a span only if it failed or took long.
func (c *call) end(tag pgconn.CommandTag, o db.Outcome) {
	if c.ended {
		return
	}
	c.ended = true
	s := c.session
	s.close(c)
	took, exact := s.wire.took(c)
	if c.statement.Transaction != "" {
		if took := time.Since(c.start); db.Notable(took, o) {
			s.tracer.Note(c.Context, c.statement.SpanName, c.statement.Start, c.start, o)
		}
		return
	}
	if durations, measuring := s.tracer.Durations(); measuring {
		durations.Record(c.Context, &c.statement.Operation, o, took)
	}
	if c.span == nil {
		return
	}
	if c.span.IsRecording() {
		s.tracer.MarkSlow(c.span, took)
		o.Describe(c.span)
		c.statement.Complete(c.span, c.bare, rowsOf(tag))
	}
	if exact {
		c.span.End(trace.WithTimestamp(c.start.Add(took)))
	} else {
		c.span.End()
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
