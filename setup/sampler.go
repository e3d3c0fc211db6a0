package setup

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/suppress"
)

// newSampler returns the sampler that s selects. own is the program's sampler. It is used only
// if s selects it.
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

// silencer is a sampler. It drops all child spans of a request that is filtered out. Without
// silencer, the embedded sampler could sample such spans, because some samplers sample new root
// spans or the children of unsampled parents.
type silencer struct{ sdktrace.Sampler }

func (s silencer) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	// In a suppressed context, the parent span is never sampled. Therefore suppress.Is is
	// not called for a sampled parent. This saves one lookup of a value in the context.
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !parent.IsSampled() && suppress.Is(p.ParentContext) {
		return sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	}
	return s.Sampler.ShouldSample(p)
}
