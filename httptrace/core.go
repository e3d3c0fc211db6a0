package httptrace

import (
	"github.com/nais/spor/internal/providers"
)

const scopeName = "github.com/nais/spor/httptrace"

// core contains the fields that servers and clients share.
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
