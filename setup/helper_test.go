package setup_test

import (
	"context"
	"log"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nais/spor/internal/oteltest"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// collector is a real OTLP/gRPC receiver. It stores all telemetry that it receives.
type collector struct {
	*receiver.Server
	mu       sync.Mutex
	spans    []*tracepb.Span
	metrics  []*metricspb.Metric
	resource map[string]string
	bytes    []byte
}

func listen(t *testing.T, addr string) *collector {
	t.Helper()
	c := &collector{}
	server, err := receiver.Listen(addr, receiver.Sink{Traces: c.take, Metrics: c.takeMetrics})
	if err != nil {
		t.Fatal(err)
	}
	c.Server = server
	t.Cleanup(server.Stop)
	return c
}

func (c *collector) take(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range r.GetResourceSpans() {
		c.resource = texts(rs.GetResource().GetAttributes())
		for _, ss := range rs.GetScopeSpans() {
			c.spans = append(c.spans, ss.GetSpans()...)
		}
	}
	c.bytes = append(c.bytes, r.String()...)
	return nil, nil
}

func (c *collector) takeMetrics(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			c.metrics = append(c.metrics, sm.GetMetrics()...)
		}
	}
	c.bytes = append(c.bytes, r.String()...)
	return nil, nil
}

// metric returns the last received metric with this name, or nil.
func (c *collector) metric(name string) *metricspb.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range slices.Backward(c.metrics) {
		if m.GetName() == name {
			return m
		}
	}
	return nil
}

func texts(attributes []*commonpb.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range attributes {
		m[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return m
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.spans)
}

func (c *collector) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, s := range c.spans {
		names = append(names, s.GetName())
	}
	return names
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within ten seconds: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// The function environment sets environment variables until the test ends. The argument pairs
// contains their names and values. All other OTEL_ and NAIS_ variables are set to "".
func environment(t *testing.T, pairs ...string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "NAIS_") {
			t.Setenv(name, "")
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

// The function start calls setup.Start. When the test ends, it shuts down telemetry and restores
// the SDK's global variables.
func start(t *testing.T, opts ...setup.Option) (shutdown func(context.Context) error, err error) {
	t.Helper()
	provider, propagator, meters := otel.GetTracerProvider(), otel.GetTextMapPropagator(), otel.GetMeterProvider()
	shutdown, err = setup.Start(t.Context(), opts...)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = shutdown(ctx)
		otel.SetTracerProvider(provider)
		otel.SetTextMapPropagator(propagator)
		otel.SetMeterProvider(meters)
	})
	return shutdown, err
}

func mustStart(t *testing.T, opts ...setup.Option) (shutdown func(context.Context) error) {
	t.Helper()
	shutdown, err := start(t, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return shutdown
}

// patient returns a context for shutdowns that export much. Without a deadline, a shutdown takes
// at most five seconds, which is too little on a busy machine with the race detector.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func endSpans(n int) {
	tracer := otel.Tracer("test")
	for range n {
		_, span := tracer.Start(context.Background(), "work")
		span.End()
	}
}

// logLines redirects the default logger to the returned buffer until the test ends.
func logLines(t *testing.T) *oteltest.Lines {
	t.Helper()
	var l oteltest.Lines
	program, output, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(slog.New(setup.LogHandler(&l, nil)))
	t.Cleanup(func() {
		slog.SetDefault(program)
		log.SetOutput(output)
		log.SetFlags(flags)
	})
	return &l
}

type ended struct {
	mu    sync.Mutex
	spans []sdktrace.ReadOnlySpan
}

func (*ended) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (*ended) Shutdown(context.Context) error                  { return nil }
func (*ended) ForceFlush(context.Context) error                { return nil }

func (e *ended) OnEnd(s sdktrace.ReadOnlySpan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans = append(e.spans, s)
}

func (e *ended) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.spans)
}

func remote(traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
}
