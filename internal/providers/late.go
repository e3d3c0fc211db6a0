package providers

import (
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

// sdkProvider is implemented by the wrapper that package setup puts around the provider of
// the SDK.
type sdkProvider interface {
	// AttributesAtEnd reports whether attributes may be set when a span ends. This is the
	// case if neither the sampler nor a processor reads the attributes of a span before the
	// span has ended. It is cheaper to set all attributes at the end. If attributes are set
	// at the start, the SDK copies them twice, and allocates space for attributes that are
	// set later. The exported span is the same.
	AttributesAtEnd() bool
	// Unwrap returns the wrapped provider. The method TracerProvider of a span returns the
	// wrapped provider, not the wrapper.
	Unwrap() trace.TracerProvider
}

// Late reports whether attributes may be set when a span ends. For a provider that is not
// an sdkProvider, Late reports false. The sampler and the processors of such a provider may
// need the attributes when the span starts.
func (t *Tracer) Late() bool {
	p, ok := t.current().(sdkProvider)
	return ok && p.AttributesAtEnd()
}

// Made reports whether span comes from the current provider.
func (t *Tracer) Made(span trace.Span) bool {
	p := t.current()
	if wrapped, ok := p.(sdkProvider); ok {
		p = wrapped.Unwrap()
	}
	return otelutil.Same(span.TracerProvider(), p)
}
