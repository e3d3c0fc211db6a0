package providers

import (
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

// A sdkProvider is the SDK's provider, wrapped by package setup.
type sdkProvider interface {
	// AttributesAtEnd reports whether neither the sampler nor a processor looks at the
	// attributes of a span before it has ended. An SDK copies what a span starts with
	// twice, and makes room for what comes later: it is cheaper to set all attributes
	// at the end, where the exported span is the same.
	AttributesAtEnd() bool
	// Unwrap returns the provider that the spans name as theirs.
	Unwrap() trace.TracerProvider
}

// Late reports whether attributes may be set when a span ends. Samplers and processors
// of an unknown provider must see them as the span starts.
func (t *Tracer) Late() bool {
	p, ok := t.current().(sdkProvider)
	return ok && p.AttributesAtEnd()
}

// Made reports whether span is one of the provider in force.
func (t *Tracer) Made(span trace.Span) bool {
	p := t.current()
	if wrapped, ok := p.(sdkProvider); ok {
		p = wrapped.Unwrap()
	}
	return otelutil.Same(span.TracerProvider(), p)
}
