package grpctrace_test

import (
	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// options makes grpctrace use sdk.
func options(sdk *oteltest.SDK, more ...grpctrace.Option) []grpctrace.Option {
	return append([]grpctrace.Option{
		grpctrace.WithTracerProvider(sdk.TracerProvider),
		grpctrace.WithMeterProvider(sdk.MeterProvider),
		grpctrace.WithPropagator(sdk.Propagator),
	}, more...)
}
