package setup

import (
	"fmt"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
)

const (
	samplerVariable  = "OTEL_TRACES_SAMPLER"
	argumentVariable = "OTEL_TRACES_SAMPLER_ARG"
	platformSampler  = "parentbased_always_on"
)

// readSampler reads OTEL_TRACES_SAMPLER. NAIS sets it to its own default for
// every application, so that value gives way to the program's choice.
func readSampler(env *environment, chosen sdktrace.Sampler) sdktrace.Sampler {
	name := strings.ToLower(env.text(samplerVariable))
	if chosen != nil && (name == "" || name == platformSampler) {
		return silencer{chosen}
	}
	return silencer{namedSampler(env, name)}
}

func namedSampler(env *environment, name string) sdktrace.Sampler {
	standard := sdktrace.ParentBased(sdktrace.AlwaysSample())
	var sampler sdktrace.Sampler
	switch name {
	case "traceidratio", "parentbased_traceidratio":
		ratio, ok := readRatio(env)
		if !ok {
			return standard
		}
		sampler = sdktrace.TraceIDRatioBased(ratio)
		if name == "parentbased_traceidratio" {
			sampler = sdktrace.ParentBased(sampler)
		}
		return sampler
	case "", platformSampler:
		sampler = standard
	case "always_on":
		sampler = sdktrace.AlwaysSample()
	case "always_off":
		sampler = sdktrace.NeverSample()
	case "parentbased_always_off":
		sampler = sdktrace.ParentBased(sdktrace.NeverSample())
	default:
		env.wrong(samplerVariable, name, "is not supported (use always_on, always_off, traceidratio, or one of "+
			"these with parentbased_ before it); "+platformSampler+" is used")
		return standard
	}
	if arg := env.text(argumentVariable); arg != "" {
		env.wrong(argumentVariable, arg, "has no effect (set "+samplerVariable+" to parentbased_traceidratio, or remove it)")
	}
	return sampler
}

// readRatio reads the argument of a ratio sampler, which is 1 when it is unset.
func readRatio(env *environment) (ratio float64, ok bool) {
	text := env.text(argumentVariable)
	if text == "" {
		return 1, true
	}
	ratio, err := strconv.ParseFloat(text, 64)
	if err == nil && ratio >= 0 && ratio <= 1 {
		return ratio, true
	}
	cure := "want a number from 0 to 1"
	if n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64); err == nil && n > 1 && n <= 100 {
		cure = fmt.Sprintf("want a number from 0 to 1 (%g for %g %%)", n/100, n)
	}
	env.wrong(argumentVariable, text, cure+"; "+platformSampler+" is used")
	return 0, false
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
