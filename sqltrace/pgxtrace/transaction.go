package pgxtrace

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
)

type transaction struct {
	span   trace.Span
	parent trace.SpanContext
}

// startTransaction starts the transaction span if [sqltrace.WithTransactions] is set. If a
// transaction is already open, startTransaction does nothing, because BEGIN has no effect
// in a transaction.
func (s *session) startTransaction(ctx context.Context) {
	tracer, tracing := s.tracer.TracerUnder(ctx)
	if !tracing || !s.tracer.config.Transactions || s.tx != nil {
		return
	}
	s.tx = &transaction{parent: trace.SpanContextFromContext(ctx)}
	_, s.tx.span = tracer.Start(ctx, "transaction", s.statements.StartOptions(trace.SpanKindInternal, "")...) //nolint:spancheck // end ends the span
}

// endTransaction ends the transaction span if conn is not in a transaction any more.
func (s *session) endTransaction(conn *pgx.Conn, o db.Outcome) {
	if s.tx != nil && (conn.PgConn().TxStatus() == 'I' || conn.IsClosed()) {
		s.finishTransaction(o)
	}
}

// finishTransaction ends the transaction span, if there is one.
func (s *session) finishTransaction(o db.Outcome) {
	s.tx.end(o)
	s.tx = nil
}

// finishes reports whether a statement finishes the whole transaction. ROLLBACK TO goes back
// to a savepoint only.
func finishes(command, text string) bool {
	return (command == "COMMIT" || command == "ROLLBACK") && len(strings.Fields(text)) <= 2
}

// transaction.above may add the transaction span to ctx. If the span in ctx is the parent
// of the transaction span, the result is ctx with the transaction span. Otherwise the
// result is ctx itself.
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
