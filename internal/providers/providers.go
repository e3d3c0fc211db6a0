// Package providers finds out which OpenTelemetry provider is current, and whether this
// provider does anything. It checks this at each use. Therefore, an instrumentation may be
// created before the SDK is installed. It starts to work when the SDK is installed. Before
// that, it costs almost nothing.
package providers

import (
	"context"
	"reflect"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/scope"
)

// A Tracer is the tracer of one scope, from the current provider.
type Tracer struct {
	latest[trace.TracerProvider, trace.Tracer]
}

// NewTracer returns the tracer of the scope with this name. If provider is nil, every call
// uses the provider that is global at the time of the call.
func NewTracer(provider trace.TracerProvider, name string) *Tracer {
	t := new(Tracer)
	t.from(provider, otel.GetTracerProvider, func(p trace.TracerProvider) (trace.Tracer, bool) {
		if _, noop := p.(tracenoop.TracerProvider); noop {
			return nil, false
		}
		return p.Tracer(name, trace.WithInstrumentationVersion(scope.Version()),
			trace.WithSchemaURL(semconv.SchemaURL)), true
	})
	return t
}

var noTracer = tracenoop.NewTracerProvider().Tracer("")

// Start starts a span with the current tracer. If there is no tracer, or if the tracer does
// nothing, the span does nothing.
func (t *Tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	tracer, working := t.Get()
	if !working {
		tracer = noTracer
	}
	return tracer.Start(ctx, name, opts...) //nolint:spancheck // the caller ends it
}

// A Meter contains the instruments that were made with the current provider. T is the type
// that contains the instruments.
type Meter[T any] struct {
	latest[metric.MeterProvider, T]
}

// NewMeter returns a Meter for the scope with this name. build makes the instruments with
// an OpenTelemetry meter. If provider is nil, every call uses the provider that is global
// at the time of the call.
func NewMeter[T any](provider metric.MeterProvider, name string, build func(metric.Meter) T) *Meter[T] {
	m := new(Meter[T])
	m.from(provider, otel.GetMeterProvider, func(p metric.MeterProvider) (value T, working bool) {
		if _, noop := p.(metricnoop.MeterProvider); noop {
			return value, false
		}
		return build(p.Meter(name, metric.WithInstrumentationVersion(scope.Version()),
			metric.WithSchemaURL(semconv.SchemaURL))), true
	})
	return m
}

// A Propagator is the current propagator.
type Propagator struct{ given propagation.TextMapPropagator }

// NewPropagator returns a Propagator with p. If p is nil, every call uses the propagator
// that is global at the time of the call.
func NewPropagator(p propagation.TextMapPropagator) *Propagator {
	if placeholder(p) {
		p = nil
	}
	return &Propagator{given: p}
}

// Get returns the current propagator, and whether it does anything.
func (p *Propagator) Get() (propagator propagation.TextMapPropagator, working bool) {
	if p.given != nil {
		return p.given, true
	}
	propagator = otel.GetTextMapPropagator()
	return propagator, !placeholder(propagator)
}

// latest stores a value that was made with the current provider. If another provider has
// become current, the value is made again.
type latest[P, T any] struct {
	current func() P
	build   func(P) (T, bool)
	last    atomic.Pointer[made[P, T]]
}

type made[P, T any] struct {
	from       P
	comparable bool
	value      T
	working    bool
}

// The method from sets the provider that l uses. If given is nil, or is the placeholder for
// the global provider, l calls the function global to get the provider. Otherwise, l uses
// the provider in the parameter given.
func (l *latest[P, T]) from(given P, global func() P, build func(P) (T, bool)) {
	l.build = build
	l.current = global
	if !placeholder(given) {
		l.current = func() P { return given }
	}
}

// Get returns the value that belongs to the current provider. If that provider is a no-op,
// or is the placeholder for an SDK that is not installed yet, working is false and the
// value is the zero value.
func (l *latest[P, T]) Get() (value T, working bool) {
	p := l.current()
	last := l.last.Load()
	if last == nil || !last.comparable || any(last.from) != any(p) {
		last = l.remake(p)
	}
	return last.value, last.working
}

// Idle reports whether the current provider is a no-op. The placeholder is not a no-op,
// because an SDK may be installed later.
func (l *latest[P, T]) Idle() bool {
	_, working := l.Get()
	return !working && !placeholder(l.current())
}

func (l *latest[P, T]) remake(p P) *made[P, T] {
	m := &made[P, T]{from: p, comparable: reflect.ValueOf(p).Comparable()}
	if !placeholder(p) {
		m.value, m.working = l.build(p)
	}
	l.last.Store(m)
	return m
}

// placeholder reports whether p is nil, or the object that the OpenTelemetry API returns
// until an SDK is installed. The type of this object is not exported, but its package path
// identifies it.
func placeholder(p any) bool {
	t := reflect.TypeOf(p)
	return t == nil || t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}
