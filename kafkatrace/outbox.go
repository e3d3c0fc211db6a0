package kafkatrace

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// Save returns the span in ctx as text. Store the text with a record that another process or
// goroutine will send, for example in a column of an outbox table. The text is the
// traceparent of the span, followed by a space and the tracestate if the span has one. Save
// returns "" if ctx has no span.
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

// Restore returns ctx with the span that [Save] encoded as saved. A record that is sent with
// the returned context becomes part of the trace of that span. If ctx already has a span,
// such as the span of the process that sends the records of the outbox, that span gets a
// link to the saved span. Restore returns ctx unchanged if saved is not a result of Save, or
// if ctx is suppressed.
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
