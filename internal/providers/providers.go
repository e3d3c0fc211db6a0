// Package providers asks per use which OpenTelemetry provider is in force, and
// whether it does anything at all. An instrumentation built before the SDK was
// installed so wakes up with it, and costs next to nothing until then.
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

// A Tracer is the tracer of one scope, taken from the provider in force.
type Tracer struct {
	latest[trace.TracerProvider, trace.Tracer]
}

// NewTracer returns the tracer of the scope that name tells. A nil provider
// means the global one, whichever that is at each use.
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

// Start starts a span with the tracer in force. Where none works, the span does nothing.
func (t *Tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	tracer, working := t.Get()
	if !working {
		tracer = noTracer
	}
	return tracer.Start(ctx, name, opts...) //nolint:spancheck // the caller ends it
}

// A Meter holds instruments of type T, made by a meter of the provider in force.
type Meter[T any] struct {
	latest[metric.MeterProvider, T]
}

// NewMeter returns the instruments that build makes with the meter of the scope
// that name tells. A nil provider means the global one, whichever that is at
// each use.
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

// A Propagator is the propagator in force.
type Propagator struct{ given propagation.TextMapPropagator }

// NewPropagator returns p or, when p is nil, the global propagator, whichever
// that is at each use.
func NewPropagator(p propagation.TextMapPropagator) *Propagator {
	if placeholder(p) {
		p = nil
	}
	return &Propagator{given: p}
}

// Get returns the propagator in force, and whether it does anything.
func (p *Propagator) Get() (propagator propagation.TextMapPropagator, working bool) {
	if p.given != nil {
		return p.given, true
	}
	propagator = otel.GetTextMapPropagator()
	return propagator, !placeholder(propagator)
}

// latest holds what was made of a provider, for as long as that one is in force.
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

// from makes given the source of l, or global when given is nil or the
// placeholder that stands for the global one.
func (l *latest[P, T]) from(given P, global func() P, build func(P) (T, bool)) {
	l.build = build
	l.current = global
	if !placeholder(given) {
		l.current = func() P { return given }
	}
}

// Get returns what belongs to the provider in force. It is not working, and the
// value is the zero one, when that provider is a no-op or the placeholder for an
// SDK that was not installed yet.
func (l *latest[P, T]) Get() (value T, working bool) {
	p := l.current()
	last := l.last.Load()
	if last == nil || !last.comparable || any(last.from) != any(p) {
		last = l.remake(p)
	}
	return last.value, last.working
}

// Idle reports whether the provider in force is a no-op, which stays one: unlike
// the placeholder, behind which an SDK may be installed later.
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

// placeholder reports whether p is nil or what the OpenTelemetry API hands out until an
// SDK is installed. Its type is not exported; the package it is in gives it away.
func placeholder(p any) bool {
	t := reflect.TypeOf(p)
	return t == nil || t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}
