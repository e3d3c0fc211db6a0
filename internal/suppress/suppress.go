// Package suppress marks a context so that no span is started under it.
//
// A suppressed context has a span context that is local, valid and not sampled. A
// parent-based sampler takes it as the decision not to record. The context also has a
// separate mark. A new root span ignores its parent, but the sampler of package setup
// checks for the mark, and so does not record new roots either.
package suppress

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

type markKey struct{}

// suppressed has both the span and the mark, so that a context needs only one allocation.
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

// silentSpan always has the same IDs. This is safe, because it is never exported, and a
// trace that a called service continues from it is not sampled either.
var silentSpan = trace.SpanFromContext(trace.ContextWithSpanContext(context.Background(),
	trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{15: 1},
		SpanID:  trace.SpanID{7: 1},
	})))

// spanKey is the context key of the OpenTelemetry API for the current span.
var spanKey = otelutil.ContextKey(func(ctx context.Context) { trace.SpanFromContext(ctx) })
