package setup

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/suppress"
)

// newSampler returns the sampler that s describes; own is the sampler of the program.
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

// silencer drops all spans below a filtered request, even if its sampler would sample new
// roots or children of unsampled parents.
type silencer struct{ sdktrace.Sampler }

func (s silencer) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	// The span in a suppressed context is never sampled. So suppress.Is, which looks up a
	// value in the context, is not needed for a sampled parent.
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !parent.IsSampled() && suppress.Is(p.ParentContext) {
		return sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	}
	return s.Sampler.ShouldSample(p)
}
