package environ

import (
	"fmt"
	"strconv"
	"strings"
)

// SamplerVariable is the variable that selects the sampler.
const SamplerVariable = "OTEL_TRACES_SAMPLER"

const (
	argumentVariable = "OTEL_TRACES_SAMPLER_ARG"
	platformSampler  = "parentbased_always_on"
)

// A Sampler describes the sampler for traces that begin in this process.
type Sampler struct {
	Own         bool    // the program has its own sampler; the other fields are zero
	Ratio       float64 // share of the traces that is sampled, between 0 and 1
	ParentBased bool    // a span that has a parent is sampled if the parent is sampled
	root        string
}

// String returns the same description of the sampler as the SDK, except that it leaves out
// the samplers for spans with a parent.
func (s Sampler) String() string {
	if s.ParentBased {
		return "ParentBased{root:" + s.root + "}"
	}
	return s.root
}

// Never reports that the sampler samples no trace that begins in this process.
// A very small ratio counts as 0, because the SDK compares only 63 bits.
func (s Sampler) Never() bool { return !s.Own && s.Ratio*(1<<63) < 1 }

// readSampler reads OTEL_TRACES_SAMPLER. own is true if the program sets a sampler. NAIS
// sets the variable to parentbased_always_on for every application. Therefore, if the
// variable has this value or is not set, the program's sampler is used.
func readSampler(env *Environment, own bool) Sampler {
	text := env.Text(SamplerVariable)
	name := fold(text)
	if own && (name == "" || name == platformSampler) {
		return Sampler{Own: true}
	}
	if name == "" {
		name = platformSampler
	}
	standard := Sampler{Ratio: 1, ParentBased: true, root: "AlwaysOnSampler"}
	root, parentBased := strings.CutPrefix(name, "parentbased_")
	sampler := Sampler{ParentBased: parentBased}
	switch root {
	case "traceidratio":
		ratio, ok := readRatio(env)
		if !ok {
			return standard
		}
		sampler.Ratio, sampler.root = ratio, fmt.Sprintf("TraceIDRatioBased{%g}", ratio)
		return sampler
	case "always_on":
		sampler.Ratio, sampler.root = 1, "AlwaysOnSampler"
	case "always_off":
		sampler.root = "AlwaysOffSampler"
	default:
		env.wrong(SamplerVariable, text, "is not supported (use always_on, always_off, traceidratio, or one of "+
			"these with parentbased_ before it); "+platformSampler+" is used")
		return standard
	}
	if arg := env.Text(argumentVariable); arg != "" {
		env.wrong(argumentVariable, arg, "has no effect (set "+SamplerVariable+" to parentbased_traceidratio, or remove it)")
	}
	return sampler
}

// readRatio reads the argument of a ratio sampler. The default is 1.
func readRatio(env *Environment) (ratio float64, ok bool) {
	text := env.Text(argumentVariable)
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
