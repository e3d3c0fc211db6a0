package kafkatrace

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// Save returns the span in ctx as text, to keep beside a record that somebody else
// will send, such as in a column of an outbox table: its traceparent, and after a
// space its tracestate if it has one. Without a span it is "".
func Save(ctx context.Context) string {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return ""
	}
	saved := string(header.Traceparent(sc))
	if state := sc.TraceState().String(); state != "" {
		saved += " " + state
	}
	return saved
}

// Restore returns ctx with the span that [Save] made saved of, to send the record
// under: it becomes part of that trace. The span that is in ctx, that of the
// relay, is linked to it. When saved is not what Save returned, Restore returns ctx.
func Restore(ctx context.Context, saved string) context.Context {
	parent, state, _ := strings.Cut(saved, " ")
	sc, ok := header.ParseTraceparent([]byte(parent))
	if !ok || suppress.Is(ctx) {
		return ctx
	}
	if ts, err := trace.ParseTraceState(state); err == nil {
		sc = sc.WithTraceState(ts)
	}
	if relay := trace.SpanFromContext(ctx); relay.IsRecording() {
		relay.AddLink(trace.Link{SpanContext: sc})
	}
	return trace.ContextWithRemoteSpanContext(ctx, sc)
}
