package providers_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/providers"
)

// uncomparable is a provider for which == panics.
type uncomparable struct {
	trace.TracerProvider

	_ []int
}

func TestTracer(t *testing.T) {
	sdk := oteltest.New(t)
	for name, test := range map[string]struct {
		provider trace.TracerProvider
		working  bool
	}{
		"SDK":          {sdk.TracerProvider, true},
		"no-op":        {tracenoop.NewTracerProvider(), false},
		"uncomparable": {uncomparable{TracerProvider: sdk.TracerProvider}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tracer := providers.NewTracer(test.provider, "scope")
			for range 2 {
				if got, working := tracer.Get(); working != test.working || working != (got != nil) {
					t.Errorf("tracer %v, working %v", got, working)
				}
			}
		})
	}
}

func TestMeter(t *testing.T) {
	sdk := oteltest.New(t)
	built := 0
	build := func(metric.Meter) int { built++; return built }
	meter := providers.NewMeter(sdk.MeterProvider, "scope", build)
	for range 3 {
		if got, working := meter.Get(); got != 1 || !working {
			t.Errorf("instruments %d, working %v", got, working)
		}
	}
	if got, working := providers.NewMeter(metricnoop.NewMeterProvider(), "scope", build).Get(); got != 0 || working {
		t.Errorf("instruments %d, working %v", got, working)
	}
}

// TestProvidersInForce checks the global providers before and after an SDK is installed. No
// other test in this package installs an SDK. Therefore, when this test starts, the global
// providers are still the placeholders, as at the start of a program.
func TestProvidersInForce(t *testing.T) {
	placeholder := otel.GetTracerProvider()
	global := providers.NewTracer(nil, "scope")
	given := providers.NewTracer(placeholder, "scope")
	meter := providers.NewMeter(nil, "scope", func(metric.Meter) bool { return true })
	propagator := providers.NewPropagator(otel.GetTextMapPropagator())

	check := func(want bool) {
		t.Helper()
		_, a := global.Get()
		_, b := given.Get()
		_, c := meter.Get()
		_, d := propagator.Get()
		if a != want || b != want || c != want || d != want {
			t.Errorf("tracer %v, given %v, meter %v, propagator %v, want %v", a, b, c, d, want)
		}
	}
	check(false)
	first, second := oteltest.New(t), oteltest.New(t)
	for i, sdk := range []*oteltest.SDK{first, second} {
		sdk.Install(t)
		check(true)
		tracer, _ := global.Get()
		_, span := tracer.Start(context.Background(), "span")
		span.End()
		if got := len([]*oteltest.SDK{first, second}[i].Ended()); got != 1 {
			t.Errorf("SDK %d has %d spans", i, got)
		}
	}
	if got, want := first.Ended()[0].InstrumentationScope().Name, "scope"; got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
}

func TestPropagatorGiven(t *testing.T) {
	if p, working := providers.NewPropagator(propagation.TraceContext{}).Get(); p != (propagation.TraceContext{}) || !working {
		t.Errorf("propagator %v, working %v", p, working)
	}
}

func TestGetAllocatesNothing(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := providers.NewTracer(sdk.TracerProvider, "scope")
	propagator := providers.NewPropagator(oteltest.W3C)
	if n := testing.AllocsPerRun(100, func() { tracer.Get(); propagator.Get() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLate(t *testing.T) {
	sdk, other := oteltest.New(t), oteltest.New(t)
	late := oteltest.AttributesAtEnd(sdk.TracerProvider)
	_, span := sdk.TracerProvider.Tracer("scope").Start(t.Context(), "span")
	defer span.End()
	for name, test := range map[string]struct {
		provider   trace.TracerProvider
		late, made bool
	}{
		"late":         {late, true, true},
		"itself":       {sdk.TracerProvider, false, true},
		"another":      {other.TracerProvider, false, false},
		"another late": {oteltest.AttributesAtEnd(other.TracerProvider), true, false},
		"uncomparable": {uncomparable{TracerProvider: late}, false, false},
		"no-op":        {tracenoop.NewTracerProvider(), false, false},
	} {
		tracer := providers.NewTracer(test.provider, "scope")
		if got := tracer.Late(); got != test.late {
			t.Errorf("%s: late %v", name, got)
		}
		if got := tracer.Made(span); got != test.made {
			t.Errorf("%s: made %v", name, got)
		}
	}
}
