package grpctrace

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// tracerProvider gives otelgrpc a tracer whose spans know the call they belong
// to. Only otelgrpc holds them: the program's context has the SDK's own span.
type tracerProvider struct{ embedded.TracerProvider }

func (tracerProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{} }

type tracer struct{ embedded.Tracer }

// Start starts the span of the call that ctx is.
func (tracer) Start(ctx context.Context, _ string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	c, ok := ctx.Value(toldKey{}).(*call)
	if !ok {
		return ctx, noSpan
	}
	c.startSpan()
	return trace.ContextWithSpan(ctx, &c.span), &c.span
}
