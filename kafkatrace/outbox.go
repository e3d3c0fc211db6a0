package kafkatrace

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// Save returns the span in ctx as text. If another process or goroutine will send a record,
// store the text together with the record. For example, store the text in a column of an
// outbox table. The text is the traceparent of the span. If the span has a tracestate, a
// space and the tracestate follow. If ctx has no span, Save returns "".
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

// Restore returns a copy of ctx that contains the saved span. saved is a result of [Save]. A
// record that is sent with the returned context is in the trace of the saved span. ctx may
// already have another span, such as the span of the process that sends the records of the
// outbox. That other span gets a link to the saved span. If saved is not a result of Save,
// or if tracing is suppressed in ctx, Restore returns ctx unchanged.
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
