// Package oteltest gives tests an OpenTelemetry SDK that keeps what it is told.
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

// An SDK records every span and every measurement of its providers.
type SDK struct {
	TracerProvider *sdktrace.TracerProvider
	MeterProvider  *sdkmetric.MeterProvider
	// Propagator is that of W3C, for trace context and baggage.
	Propagator propagation.TextMapPropagator

	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
}

// W3C propagates trace context and baggage.
var W3C = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// NewSilent returns an SDK that samples like sampler and forgets its spans, for
// counting allocations.
func NewSilent(tb testing.TB, sampler sdktrace.Sampler) *SDK {
	tb.Helper()
	return newSDK(tb, sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(forgetful{})), nil)
}

// forgetful is a span processor that does what every one does: it takes spans.
type forgetful struct{}

func (forgetful) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (forgetful) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (forgetful) Shutdown(context.Context) error                  { return nil }
func (forgetful) ForceFlush(context.Context) error                { return nil }

// Watched is the option of a provider whose spans p gets too; nil is no one.
func Watched(p sdktrace.SpanProcessor) sdktrace.TracerProviderOption {
	if p == nil {
		p = forgetful{}
	}
	return sdktrace.WithSpanProcessor(p)
}

// AttributesAtEnd returns p as package setup installs it when no sampler and no processor
// looks at attributes before a span has ended.
func AttributesAtEnd(p *sdktrace.TracerProvider) trace.TracerProvider { return late{p} }

type late struct{ *sdktrace.TracerProvider }

func (late) AttributesAtEnd() bool { return true }

func (p late) Unwrap() trace.TracerProvider { return p.TracerProvider }

// New returns an SDK that is shut down at the end of the test. Every span is
// sampled unless opts say otherwise.
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

// Started returns how many spans were started.
func (s *SDK) Started() int { return len(s.spans.Started()) }

// Ended returns the spans that ended, in the order they did.
func (s *SDK) Ended() []sdktrace.ReadOnlySpan { return s.spans.Ended() }

// Forget forgets the spans so far.
func (s *SDK) Forget() { s.spans.Reset() }

// Wait returns the spans that ended once there are at least n. A server's span
// may end after its client has the response.
func (s *SDK) Wait(tb testing.TB, n int) []sdktrace.ReadOnlySpan {
	tb.Helper()
	Eventually(tb, func() bool { return len(s.spans.Ended()) >= n })
	return s.spans.Ended()
}

// Only returns the one span that was started, once it has ended.
func (s *SDK) Only(tb testing.TB) sdktrace.ReadOnlySpan {
	tb.Helper()
	ended := s.Wait(tb, 1)
	if started := s.Started(); started != 1 || len(ended) != 1 {
		tb.Fatalf("%d spans started and %d ended, want 1", started, len(ended))
	}
	return ended[0]
}

// Metric returns the metric of that name, nil if nothing was measured.
func (s *SDK) Metric(tb testing.TB, name string) metricdata.Aggregation {
	tb.Helper()
	for _, m := range s.Metrics(tb, "") {
		if m.Name == name {
			return m.Data
		}
	}
	return nil
}

// Metrics returns the metrics of the scopes that begin with prefix.
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

// Sums returns the values of the counter of that name by one attribute. Series that
// the attribute does not tell apart are added up.
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

// Seconds returns the series of the histogram of that name, which measures in
// seconds.
func (s *SDK) Seconds(tb testing.TB, name string) []metricdata.HistogramDataPoint[float64] {
	tb.Helper()
	h, _ := s.Metric(tb, name).(metricdata.Histogram[float64])
	return h.DataPoints
}

// Bytes returns the series of the histogram of that name, which measures in bytes.
func (s *SDK) Bytes(tb testing.TB, name string) []metricdata.HistogramDataPoint[int64] {
	tb.Helper()
	h, _ := s.Metric(tb, name).(metricdata.Histogram[int64])
	return h.DataPoints
}

// Map returns attributes by key, as text. Of two with one key the last counts.
func Map(attrs []attribute.KeyValue) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, attr := range attrs {
		m[string(attr.Key)] = attr.Value.String()
	}
	return m
}

// StableOnly tests that no attribute of span has an older name of package dialect:
// package setup adds those at export.
func StableOnly(tb testing.TB, span sdktrace.ReadOnlySpan) {
	tb.Helper()
	for _, a := range span.Attributes() {
		if _, older := dialect.Stable(string(a.Key)); older {
			tb.Errorf("%s span %s has %s: the older names are for setup to add", span.SpanKind(), span.Name(), a.Key)
		}
	}
}

// Eventually waits until is returns true, and fails the test if that takes too long.
func Eventually(tb testing.TB, is func() bool) {
	tb.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for tick := time.NewTicker(time.Millisecond); !is(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatal("waited in vain")
		}
	}
}

// Install makes the providers of s the global ones until the test ends.
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
