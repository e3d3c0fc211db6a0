package providers

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
)

// indifferent is the provider whose sampler and processors do not look at the
// attributes of a span before it has ended, nil when none is known. An SDK copies
// what a span starts with twice, and makes room for what comes later: it is cheaper
// to set all at the end, where nobody can tell the difference.
var indifferent atomic.Pointer[trace.TracerProvider]

// AllowLate tells instrumentations that the spans of p may get their attributes when
// they end. p replaces the one of before, and must be a pointer.
func AllowLate(p trace.TracerProvider) { indifferent.Store(&p) }

// Late reports whether attributes may be set when a span ends. Of providers that
// nobody has told of, samplers are to see them as the span starts.
func (t *Tracer) Late() bool {
	p := indifferent.Load()
	return p != nil && *p == t.current()
}
