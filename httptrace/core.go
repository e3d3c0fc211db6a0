package httptrace

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/providers"
)

const scopeName = "github.com/nais/spor/httptrace"

// core is what servers and clients have in common.
type core struct {
	*config

	tracer     *providers.Tracer
	propagator *providers.Propagator
}

func newCore(c *config) core {
	return core{
		config:     c,
		tracer:     providers.NewTracer(c.tracerProvider, scopeName),
		propagator: providers.NewPropagator(c.propagator),
	}
}

var noTracer = tracenoop.NewTracerProvider().Tracer("")

// begin starts a span with the tracer in force.
func (c *core) begin(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	tracer, working := c.tracer.Get()
	if !working {
		tracer = noTracer
	}
	return tracer.Start(ctx, name, opts...) //nolint:spancheck // otelhttp ends it
}

// startFunc starts a span in place of [trace.Tracer.Start].
type startFunc func(context.Context, string, []trace.SpanStartOption) (context.Context, trace.Span)

// provider gives otelhttp a tracer that starts spans in a way of our own. They
// know the request they belong to, and only otelhttp holds them: the context has
// the SDK's own span.
type provider struct {
	embedded.TracerProvider

	start startFunc
}

func (p provider) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{start: p.start} }

type tracer struct {
	embedded.Tracer

	start startFunc
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	return t.start(ctx, name, opts)
}
