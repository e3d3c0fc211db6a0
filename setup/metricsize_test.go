package setup_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"

	"github.com/nais/spor/setup"
)

type seriesSink struct {
	colmetrics.UnimplementedMetricsServiceServer
	series atomic.Int64
}

func (s *seriesSink) Export(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				if m.GetName() == "requests" {
					s.series.Add(int64(len(m.GetGauge().GetDataPoints())))
				}
			}
		}
	}
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

func TestManySeriesFitTheCollectorsRequests(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// Like the OpenTelemetry Collector, the server accepts requests of up to 4 MiB.
	server, sink := grpc.NewServer(), &seriesSink{}
	colmetrics.RegisterMetricsServiceServer(server, sink)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)

	const series = 8000
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "requests", Help: "Requests."}, []string{"tenant", "path"})
	registry.MustRegister(gauge)
	for i := range series {
		gauge.WithLabelValues(fmt.Sprint("tenant-", i), strings.Repeat("x", 500)).Set(1)
	}
	environment(t, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://"+l.Addr().String(), "OTEL_TRACES_EXPORTER", "none")
	log := logLines(t)
	shutdown := mustStart(t, setup.WithGatherer(registry))
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if got := sink.series.Load(); got != series {
		t.Errorf("series: got %d, want %d: %s", got, series, log)
	}
}
