package grpctrace

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/nais/spor/internal/providers"
)

const scopeName = "github.com/nais/spor/grpctrace"

// engine contains the fields that servers and clients share.
type engine struct {
	*config
	tracer     *providers.Tracer
	meter      *providers.Meter[*metrics]
	propagator *providers.Propagator
}

func newEngine(c *config, duration func(metric.Meter) metric.Float64Histogram) engine {
	return engine{
		config: c,
		tracer: providers.NewTracer(c.tracerProvider, scopeName),
		meter: providers.NewMeter(c.meterProvider, scopeName, func(meter metric.Meter) *metrics {
			return &metrics{duration: duration(meter), attributes: c.attributes}
		}),
		propagator: providers.NewPropagator(c.propagator),
	}
}

// idle reports whether the server or client will never record or propagate anything.
func (e *engine) idle() bool {
	_, propagating := e.propagator.Get()
	return !propagating && e.tracer.Idle() && e.meter.Idle()
}

// working reports whether calls are traced or measured.
func (e *engine) working() bool {
	if _, tracing := e.tracer.Get(); tracing {
		return true
	}
	_, measuring := e.meter.Get()
	return measuring
}
