package httptrace

import (
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
