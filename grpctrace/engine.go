package grpctrace

import (
	metricnoop "go.opentelemetry.io/otel/metric/noop"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/providers"
)

const scopeName = "github.com/nais/spor/grpctrace"

// engine contains the fields that servers and clients share. The field otelgrpc is the handler of
// package otelgrpc. For each call, this handler gets only two events: one at the start and one at
// the end.
type engine struct {
	*config
	otelgrpc   stats.Handler
	tracer     *providers.Tracer
	meter      *providers.Meter[*metrics]
	propagator *providers.Propagator
}

func newEngine(c *config, handler func(...otelgrpc.Option) stats.Handler, duration func(metric.Meter) metric.Float64Histogram) engine {
	return engine{
		config: c,
		tracer: providers.NewTracer(c.tracerProvider, scopeName),
		meter: providers.NewMeter(c.meterProvider, scopeName, func(meter metric.Meter) *metrics {
			return &metrics{duration: duration(meter), attributes: c.attributes}
		}),
		propagator: providers.NewPropagator(c.propagator),
		otelgrpc: handler(
			otelgrpc.WithTracerProvider(otelutil.TracerProvider(startOf)),
			otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelgrpc.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		),
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
