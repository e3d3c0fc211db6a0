package providers

import (
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

// sdkProvider is the provider of the SDK in the wrapper of package setup.
type sdkProvider interface {
	// AttributesAtEnd reports whether neither the sampler nor a processor reads the
	// attributes of a span before the span has ended. Then it is cheaper to set all
	// attributes at the end: an SDK copies the attributes of a new span twice, and
	// allocates room for later ones. The exported span is the same.
	AttributesAtEnd() bool
	// Unwrap returns the provider that the method TracerProvider of its spans returns.
	Unwrap() trace.TracerProvider
}

// Late reports whether attributes may be set when a span ends. It reports false for an
// unknown provider, whose sampler and processors must get the attributes when the span
// starts.
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
