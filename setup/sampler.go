package setup

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/suppress"
)

// newSampler returns the sampler that s names; own is that of the program.
func newSampler(s environ.Sampler, own sdktrace.Sampler) sdktrace.Sampler {
	if s.Own {
		return silencer{own}
	}
	sampler := sdktrace.TraceIDRatioBased(s.Ratio)
	if s.ParentBased {
		sampler = sdktrace.ParentBased(sampler)
	}
	return silencer{sampler}
}

// silencer keeps what lies under a filtered request silent, whatever the
// sampler says of new roots and of unsampled parents.
type silencer struct{ sdktrace.Sampler }

func (s silencer) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	// A sampled parent cannot be the silent one, and saves the look-up.
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !parent.IsSampled() && suppress.Is(p.ParentContext) {
		return sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	}
	return s.Sampler.ShouldSample(p)
}
