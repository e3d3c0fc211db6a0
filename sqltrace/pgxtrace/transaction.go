package pgxtrace

import (
	"context"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
)

// transaction is the span around one.
type transaction struct {
	span   trace.Span
	parent trace.SpanContext
}

// startTransaction starts the span of a transaction if one was asked for and
// there is none: BEGIN within a transaction has no effect.
func (s *session) startTransaction(ctx context.Context) {
	tracer, tracing := s.tracer.TracerUnder(ctx)
	if !tracing || !s.tracer.config.Transactions || s.tx != nil {
		return
	}
	s.tx = &transaction{parent: trace.SpanContextFromContext(ctx)}
	_, s.tx.span = tracer.Start(ctx, "transaction", s.statements.StartOptions(trace.SpanKindInternal, "")...) //nolint:spancheck // end does
}

// endTransaction ends the span once conn is in no transaction any more.
func (s *session) endTransaction(conn *pgx.Conn, o db.Outcome) {
	if s.tx != nil && (conn.PgConn().TxStatus() == 'I' || conn.IsClosed()) {
		s.tx.end(o)
		s.tx = nil
	}
}

// above returns ctx, under the span of the transaction if it was under that
// span's parent.
func (t *transaction) above(ctx context.Context) context.Context {
	if t == nil || !trace.SpanContextFromContext(ctx).Equal(t.parent) {
		return ctx
	}
	return trace.ContextWithSpan(ctx, t.span)
}

func (t *transaction) end(o db.Outcome) {
	if t != nil {
		o.Describe(t.span)
		t.span.End()
	}
}
