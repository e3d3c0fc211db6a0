// Package suppress marks a context as suppressed. A span that is started with a suppressed
// context is not recorded.
//
// A suppressed context contains a span context that is local, valid and not sampled.
// Because of this span context, a parent-based sampler does not record child spans. A new
// root span has no parent, so the span context has no effect on it. Therefore, the context
// also contains a mark. The sampler of package setup checks for the mark, and does not
// record a new root span if it finds the mark.
package suppress

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

type markKey struct{}

// suppressed returns both the span and the mark, so that a suppressed context needs only
// one allocation.
type suppressed struct {
	context.Context //nolint:containedctx // it is a context
}

func (m suppressed) Value(key any) any {
	switch key {
	case spanKey:
		return silentSpan
	case markKey{}:
		return true
	}
	return m.Context.Value(key)
}

// Context returns ctx as a suppressed context. It allocates once.
func Context(ctx context.Context) context.Context { return suppressed{ctx} }

// Is reports whether ctx is suppressed, or derived from a suppressed context.
func Is(ctx context.Context) bool {
	on, _ := ctx.Value(markKey{}).(bool)
	return on
}

// silentSpan always has the same IDs. This is safe, because silentSpan is never exported. A
// called service may continue the trace of silentSpan, but this trace is not sampled.
var silentSpan = trace.SpanFromContext(trace.ContextWithSpanContext(context.Background(),
	trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{15: 1},
		SpanID:  trace.SpanID{7: 1},
	})))

// spanKey is the context key of the OpenTelemetry API for the current span.
var spanKey = otelutil.ContextKey(func(ctx context.Context) { trace.SpanFromContext(ctx) })
