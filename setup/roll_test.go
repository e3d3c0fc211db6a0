package setup_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// A rolling collector is a collector that is replaced while the program shuts down.
type rolling struct {
	spans, records, series atomic.Int64
	answer                 func() error // called for each request
	options                []grpc.ServerOption
}

type rollingTraces struct {
	coltrace.UnimplementedTraceServiceServer
	*rolling
}

func (r rollingTraces) Export(_ context.Context, req *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	if err := r.answer(); err != nil {
		return nil, err
	}
	r.spans.Add(int64(len(spansOf(req))))
	return &coltrace.ExportTraceServiceResponse{}, nil
}

type rollingLogs struct {
	collogs.UnimplementedLogsServiceServer
	*rolling
}

func (r rollingLogs) Export(_ context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	if err := r.answer(); err != nil {
		return nil, err
	}
	for _, resource := range req.GetResourceLogs() {
		for _, scope := range resource.GetScopeLogs() {
			r.records.Add(int64(len(scope.GetLogRecords())))
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

type rollingMetrics struct {
	colmetrics.UnimplementedMetricsServiceServer
	*rolling
}

func (r rollingMetrics) Export(_ context.Context, req *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	if err := r.answer(); err != nil {
		return nil, err
	}
	r.series.Add(int64(len(req.GetResourceMetrics())))
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

// serve serves at addr until stop is called.
func (r *rolling) serve(t *testing.T, addr string) (at string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(r.options...)
	coltrace.RegisterTraceServiceServer(server, rollingTraces{rolling: r})
	collogs.RegisterLogsServiceServer(server, rollingLogs{rolling: r})
	colmetrics.RegisterMetricsServiceServer(server, rollingMetrics{rolling: r})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String(), server.Stop
}

// away is how long a collector is away. This is longer than the time after which a shutdown
// gives up a collector that was away for long.
const away = 1500 * time.Millisecond

// TestShutdownWaitsForRollingCollector shuts down a program whose collector was reachable a
// moment ago, and is not reachable now in different ways. The shutdown must try until the
// collector is back, and must lose nothing.
func TestShutdownWaitsForRollingCollector(t *testing.T) {
	for name, roll := range map[string]func(t *testing.T, r *rolling) (at string, leave, comeBack func()){
		"refuses connections": func(t *testing.T, r *rolling) (string, func(), func()) {
			t.Helper()
			at, stop := r.serve(t, "127.0.0.1:0")
			return at, stop, func() { r.serve(t, at) }
		},
		"resets connections": func(t *testing.T, r *rolling) (string, func(), func()) {
			t.Helper()
			at, stop := r.serve(t, "127.0.0.1:0")
			var end func()
			return at, func() { stop(); end = reset(t, at) }, func() { end(); r.serve(t, at) }
		},
		"is unavailable": func(t *testing.T, r *rolling) (string, func(), func()) {
			t.Helper()
			var unavailable atomic.Bool
			r.answer = func() error {
				if unavailable.Load() {
					return status.Error(codes.Unavailable, "the collector is starting")
				}
				return nil
			}
			at, _ := r.serve(t, "127.0.0.1:0")
			return at, func() { unavailable.Store(true) }, func() { unavailable.Store(false) }
		},
		"ends old connections": func(t *testing.T, r *rolling) (string, func(), func()) {
			t.Helper()
			r.options = []grpc.ServerOption{grpc.KeepaliveParams(keepalive.ServerParameters{
				MaxConnectionAge: 50 * time.Millisecond, MaxConnectionAgeGrace: 50 * time.Millisecond,
			})}
			r.answer = func() error { <-time.After(20 * time.Millisecond); return nil }
			at, _ := r.serve(t, "127.0.0.1:0")
			return at, func() {}, func() {}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &rolling{answer: func() error { return nil }}
			at, leave, comeBack := roll(t, r)
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+at, "OTEL_LOGS_EXPORTER", "otlp",
				"OTEL_BSP_SCHEDULE_DELAY", "50", "OTEL_BLRP_SCHEDULE_DELAY", "50", "OTEL_METRIC_EXPORT_INTERVAL", "50")
			logLines(t)
			shutdown := mustStart(t)
			const items = 1000
			emit := func() {
				endSpans(items)
				logger := otel.GetLoggerProvider().Logger("test")
				for range items {
					logger.Emit(t.Context(), log.Record{})
				}
			}
			emit()
			eventually(t, "the first exports", func() bool {
				return r.spans.Load() == items && r.records.Load() == items && r.series.Load() > 0
			})
			leave()
			emit()
			before := r.series.Load()
			back := make(chan struct{})
			time.AfterFunc(away, func() { comeBack(); close(back) })
			err := shutdown(context.Background())
			<-back
			if spans, records := r.spans.Load(), r.records.Load(); err != nil || spans < 2*items || records < 2*items {
				t.Errorf("got %d spans and %d records, want %d of each (a request may arrive twice); shutdown returned %v", spans, records, 2*items, err)
			}
			if r.series.Load() == before {
				t.Error("the last metrics were not exported")
			}
		})
	}
}

// reset accepts connections at addr and resets them, until end is called.
func reset(t *testing.T, addr string) (end func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
	}()
	return func() { l.Close() }
}
