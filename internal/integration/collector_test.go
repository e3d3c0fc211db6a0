//go:build integration

package integration

import (
	"context"
	"net"
	"sync"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/receiver"
)

// collector is a real OTLP/gRPC receiver that stores the requests that it receives.
type collector struct {
	*receiver.Server
	mu      sync.Mutex
	spans   []*tracepb.Span
	metrics []*metricspb.Metric
	records int    // number of log records
	bytes   []byte // all requests, in the encoding in which they were received
}

func listen(tb testing.TB, addr string) *collector {
	tb.Helper()
	c := &collector{}
	server, err := receiver.Listen(addr, receiver.Sink{Traces: c.take, Metrics: c.takeMetrics, Logs: c.takeLogs})
	if err != nil {
		tb.Fatal(err)
	}
	c.Server = server
	tb.Cleanup(server.Stop)
	return c
}

func (c *collector) take(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range r.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			c.spans = append(c.spans, ss.GetSpans()...)
		}
	}
	return nil, c.keepBytes(r)
}

func (c *collector) takeMetrics(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			c.metrics = append(c.metrics, sm.GetMetrics()...)
		}
	}
	return nil, c.keepBytes(r)
}

func (c *collector) takeLogs(_ context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rl := range r.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			c.records += len(sl.GetLogRecords())
		}
	}
	return nil, c.keepBytes(r)
}

func (c *collector) keepBytes(m proto.Message) (err error) {
	c.bytes, err = proto.MarshalOptions{}.MarshalAppend(c.bytes, m)
	return err
}

func (c *collector) received() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spans
}

func (c *collector) receivedMetrics() []*metricspb.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.metrics
}

func (c *collector) receivedBytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// closedPort returns an address on which nothing listens.
func closedPort(tb testing.TB) string {
	tb.Helper()
	l := listener(tb)
	defer l.Close()
	return l.Addr().String()
}

// blackHole returns the address of a listener that accepts connections but never answers.
func blackHole(tb testing.TB) string {
	tb.Helper()
	l := listener(tb)
	tb.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func listener(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}
