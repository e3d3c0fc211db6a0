// Package oteltest provides an OpenTelemetry SDK for tests. The SDK records all spans and
// measurements.
package oteltest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/dialect"
)

// An SDK records every span and every measurement that is made with its two providers.
type SDK struct {
	TracerProvider *sdktrace.TracerProvider
	MeterProvider  *sdkmetric.MeterProvider
	// Propagator propagates W3C trace context and baggage.
	Propagator propagation.TextMapPropagator

	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
}

// W3C propagates trace context and baggage.
var W3C = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// NewSilent returns an SDK that uses sampler and does not keep ended spans. It is for tests
// that count allocations.
func NewSilent(tb testing.TB, sampler sdktrace.Sampler) *SDK {
	tb.Helper()
	return newSDK(tb, sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(forgetful{})), nil)
}

// forgetful is a span processor that does nothing. Tests add it to a provider, because the
// provider of a real program has a processor.
type forgetful struct{}

func (forgetful) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (forgetful) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (forgetful) Shutdown(context.Context) error                  { return nil }
func (forgetful) ForceFlush(context.Context) error                { return nil }

// Watched returns an option that adds the span processor p to a provider. If p is nil, it
// adds a processor that does nothing.
func Watched(p sdktrace.SpanProcessor) sdktrace.TracerProviderOption {
	if p == nil {
		p = forgetful{}
	}
	return sdktrace.WithSpanProcessor(p)
}

// AttributesAtEnd returns p in a wrapper like the wrapper of package setup. The wrapper
// reports that no sampler and no processor reads attributes before a span has ended.
func AttributesAtEnd(p *sdktrace.TracerProvider) trace.TracerProvider { return late{p} }

type late struct{ *sdktrace.TracerProvider }

func (late) AttributesAtEnd() bool { return true }

func (p late) Unwrap() trace.TracerProvider { return p.TracerProvider }

// New returns an SDK that is shut down when the test ends. Every span is sampled, unless
// opts set another sampler.
func New(tb testing.TB, opts ...sdktrace.TracerProviderOption) *SDK {
	tb.Helper()
	spans := tracetest.NewSpanRecorder()
	opts = append([]sdktrace.TracerProviderOption{sdktrace.WithSampler(sdktrace.AlwaysSample())}, opts...)
	return newSDK(tb, sdktrace.NewTracerProvider(append(opts, sdktrace.WithSpanProcessor(spans))...), spans)
}

func newSDK(tb testing.TB, tp *sdktrace.TracerProvider, spans *tracetest.SpanRecorder) *SDK {
	tb.Helper()
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	tb.Cleanup(func() {
		if err := errors.Join(tp.Shutdown(context.Background()), mp.Shutdown(context.Background())); err != nil {
			tb.Error(err)
		}
	})
	return &SDK{TracerProvider: tp, MeterProvider: mp, Propagator: W3C, spans: spans, reader: reader}
}

// Started returns how many spans have been started.
func (s *SDK) Started() int { return len(s.spans.Started()) }

// Ended returns the spans that have ended, in the order in which they ended.
func (s *SDK) Ended() []sdktrace.ReadOnlySpan { return s.spans.Ended() }

// Forget removes all recorded spans.
func (s *SDK) Forget() { s.spans.Reset() }

// Wait waits until at least n spans have ended, and returns all spans that have ended. A
// test of a server needs Wait, because the server span may end after the client has
// received the response.
func (s *SDK) Wait(tb testing.TB, n int) []sdktrace.ReadOnlySpan {
	tb.Helper()
	Eventually(tb, func() bool { return len(s.spans.Ended()) >= n })
	return s.spans.Ended()
}

// Only waits until a span has ended, and returns the span. It fails the test if more than
// one span was started.
func (s *SDK) Only(tb testing.TB) sdktrace.ReadOnlySpan {
	tb.Helper()
	ended := s.Wait(tb, 1)
	if started := s.Started(); started != 1 || len(ended) != 1 {
		tb.Fatalf("%d spans started and %d ended, want 1", started, len(ended))
	}
	return ended[0]
}

// Metric returns the data of the metric with this name, or nil if nothing was measured.
func (s *SDK) Metric(tb testing.TB, name string) metricdata.Aggregation {
	tb.Helper()
	for _, m := range s.Metrics(tb, "") {
		if m.Name == name {
			return m.Data
		}
	}
	return nil
}

// Metrics returns the metrics of all scopes whose names begin with prefix.
func (s *SDK) Metrics(tb testing.TB, prefix string) (metrics []metricdata.Metrics) {
	tb.Helper()
	var all metricdata.ResourceMetrics
	if err := s.reader.Collect(context.Background(), &all); err != nil {
		tb.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		if strings.HasPrefix(scope.Scope.Name, prefix) {
			metrics = append(metrics, scope.Metrics...)
		}
	}
	return metrics
}

// Sums returns the values of the counter with this name. by is the key of an attribute. The
// result has one entry per value of this attribute: the sum of the series that have this
// value.
func (s *SDK) Sums(tb testing.TB, name, by string) map[string]int64 {
	tb.Helper()
	sums := map[string]int64{}
	data, _ := s.Metric(tb, name).(metricdata.Sum[int64])
	for _, point := range data.DataPoints {
		value, _ := point.Attributes.Value(attribute.Key(by))
		sums[value.AsString()] += point.Value
	}
	return sums
}

// Seconds returns the series of the histogram with this name. The histogram must have float
// values, such as seconds.
func (s *SDK) Seconds(tb testing.TB, name string) []metricdata.HistogramDataPoint[float64] {
	tb.Helper()
	h, _ := s.Metric(tb, name).(metricdata.Histogram[float64])
	return h.DataPoints
}

// Bytes returns the series of the histogram with this name. The histogram must have integer
// values, such as bytes.
func (s *SDK) Bytes(tb testing.TB, name string) []metricdata.HistogramDataPoint[int64] {
	tb.Helper()
	h, _ := s.Metric(tb, name).(metricdata.Histogram[int64])
	return h.DataPoints
}

// Map returns the values of attributes as text, by key. If a key occurs more than once, the
// last value is used.
func Map(attrs []attribute.KeyValue) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, attr := range attrs {
		m[string(attr.Key)] = attr.Value.String()
	}
	return m
}

// StableOnly checks that no attribute of span has one of the older names in package
// dialect. Only package setup may add older names, and it adds them when it exports a span.
func StableOnly(tb testing.TB, span sdktrace.ReadOnlySpan) {
	tb.Helper()
	for _, a := range span.Attributes() {
		if _, older := dialect.Stable(string(a.Key)); older {
			tb.Errorf("%s span %s has %s: only setup may add older names", span.SpanKind(), span.Name(), a.Key)
		}
	}
}

// Eventually calls is() again and again until it returns true. If it has not returned true
// after ten seconds, the test fails.
func Eventually(tb testing.TB, is func() bool) {
	tb.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for tick := time.NewTicker(time.Millisecond); !is(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatal("the condition is still false after 10 s")
		}
	}
}

// Install makes the providers and the propagator of s global until the test ends.
func (s *SDK) Install(tb testing.TB) {
	tb.Helper()
	tp, mp, p := otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetTextMapPropagator()
	tb.Cleanup(func() {
		otel.SetTracerProvider(tp)
		otel.SetMeterProvider(mp)
		otel.SetTextMapPropagator(p)
	})
	otel.SetTracerProvider(s.TracerProvider)
	otel.SetMeterProvider(s.MeterProvider)
	otel.SetTextMapPropagator(s.Propagator)
}
