// Package suppress marks a context as silent: no span is started under it.
//
// A suppressed context carries a local, valid, unsampled span context, which every
// parent-based sampler takes as the decision not to record. It also carries a
// mark of its own, so that a sampler that looks for it (the one of package
// setup does) stays silent for new roots too, which lose their parent.
package suppress

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

type markKey struct{}

// suppressed is both the silent span and the mark: one allocation.
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

// Context returns ctx suppressed. It allocates once.
func Context(ctx context.Context) context.Context { return suppressed{ctx} }

// Is reports whether ctx, or a context it derives from, is suppressed.
func Is(ctx context.Context) bool {
	on, _ := ctx.Value(markKey{}).(bool)
	return on
}

// silentSpan has a fixed identity: it is never exported, and a trace that a
// callee joins to it is not sampled either.
var silentSpan = trace.SpanFromContext(trace.ContextWithSpanContext(context.Background(),
	trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{15: 1},
		SpanID:  trace.SpanID{7: 1},
	})))

// spanKey is the key under which the OpenTelemetry API keeps the current span.
var spanKey = otelutil.ContextKey(func(ctx context.Context) { trace.SpanFromContext(ctx) })
