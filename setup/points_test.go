package setup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// A metricsRequest is a request that pointCollector has received.
type metricsRequest struct {
	number, points int64 // number is the number of the request, from 1
	metrics        map[string]*metricspb.Metric
}

// pointCollector is an OTLP/gRPC receiver for metrics. It calls the function answer for each
// request.
func pointCollector(t *testing.T, answer func(ctx context.Context, r metricsRequest) (rejected int64, err error)) *receiver.Server {
	t.Helper()
	var requests atomic.Int64
	server, err := receiver.Listen(":0", receiver.Sink{
		Metrics: func(ctx context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			request := readRequest(r)
			request.number = requests.Add(1)
			rejected, err := answer(ctx, request)
			return &colmetrics.ExportMetricsServiceResponse{PartialSuccess: &colmetrics.ExportMetricsPartialSuccess{RejectedDataPoints: rejected}}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func readRequest(r *colmetrics.ExportMetricsServiceRequest) metricsRequest {
	request := metricsRequest{metrics: map[string]*metricspb.Metric{}}
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				request.metrics[m.GetName()] = m
				request.points += int64(len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) +
					len(m.GetHistogram().GetDataPoints()) + len(m.GetSummary().GetDataPoints()))
			}
		}
	}
	return request
}

// shutSlowly calls shutdown with a minute of time, so that the result does not depend on the speed
// of the machine.
func shutSlowly(t *testing.T, shutdown func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return shutdown(ctx)
}

// manySeries returns a registry with n series.
func manySeries(n int) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "requests", Help: "Requests."}, []string{"tenant"})
	registry.MustRegister(gauge)
	for i := range n {
		gauge.WithLabelValues(fmt.Sprint("tenant-", i)).Set(1)
	}
	return registry
}

// TestLostDataPointsAreCounted checks that the error of a shutdown and the log have the number of
// points that the last export lost, and the reason.
func TestLostDataPointsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(ctx context.Context, r metricsRequest) (rejected int64, err error)
		reason string
	}{
		{"accepted", func(context.Context, metricsRequest) (int64, error) { return 0, nil }, ""},
		{"rejected in part", func(context.Context, metricsRequest) (int64, error) { return 3, nil }, "rejected"},
		{"refused", func(context.Context, metricsRequest) (int64, error) {
			return 0, status.Error(codes.PermissionDenied, "no")
		}, "rejected"},
		{"one request of three refused", func(_ context.Context, r metricsRequest) (int64, error) {
			if r.number == 2 {
				return 0, status.Error(codes.InvalidArgument, "no")
			}
			return 0, nil
		}, "rejected"},
		{"too large", func(context.Context, metricsRequest) (int64, error) {
			return 0, status.Error(codes.ResourceExhausted, "grpc: received message larger than max")
		}, "too_big"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var lost, requests atomic.Int64
			server := pointCollector(t, func(ctx context.Context, r metricsRequest) (int64, error) {
				requests.Store(r.number)
				rejected, err := tt.answer(ctx, r)
				if err != nil {
					rejected = r.points
				}
				lost.Add(rejected)
				return rejected, err
			})
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none")
			log := logLines(t)
			shutdown := mustStart(t, setup.WithGatherer(manySeries(5000)))
			err := shutSlowly(t, shutdown)
			if requests.Load() != 3 {
				t.Errorf("got %d requests, want 3", requests.Load())
			}
			if tt.reason == "" {
				if err != nil || log.String() != "" {
					t.Errorf("got %v and %s, want no error and no line", err, log)
				}
				return
			}
			mustLose(t, err, log.All(t), server.Endpoint(), fmt.Sprint(tt.reason, " ", lost.Load()))
		})
	}
}

// mustLose checks that err and the only line report the points that were lost. want is the reason
// and the number of points.
func mustLose(t *testing.T, err error, lines []map[string]any, endpoint, want string) {
	t.Helper()
	reason, n, _ := strings.Cut(want, " ")
	text := "setup: " + n + " metric data points were not delivered to " + endpoint + ": " + reason + " " + n
	if err == nil || !strings.HasPrefix(err.Error(), text) {
		t.Errorf("error: got %v, want %s", err, text)
	}
	if len(lines) != 1 || lines[0]["metric_data_points_dropped"] != want || lines[0]["signal"] != "metrics" || lines[0]["endpoint"] != endpoint {
		t.Errorf("lines: got %v, want one with %s", lines, want)
	}
}

// TestDataPointsWithoutAnAnswer checks the points of a last export that gets no answer.
func TestDataPointsWithoutAnAnswer(t *testing.T) {
	silent := pointCollector(t, func(ctx context.Context, _ metricsRequest) (int64, error) { <-ctx.Done(); return 0, ctx.Err() })
	for _, tt := range []struct{ name, endpoint, timeout, reason string }{
		{"no collector", "http://" + closedPort(t), "", "after_shutdown"},
		{"no answer before the end of the shutdown", silent.Endpoint(), "", "after_shutdown"},
		{"no answer before the timeout", silent.Endpoint(), "100", "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", tt.endpoint, "OTEL_TRACES_EXPORTER", "none", "OTEL_EXPORTER_OTLP_TIMEOUT", tt.timeout)
			log := logLines(t)
			shutdown := mustStart(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := shutdown(ctx)
			lines := log.All(t)
			if len(lines) == 0 {
				t.Fatal("got no line")
			}
			last := lines[len(lines)-1:]
			dropped, _ := last[0]["metric_data_points_dropped"].(string)
			var n int64
			if _, scan := fmt.Sscanf(dropped, tt.reason+" %d", &n); scan != nil || n < 10 {
				t.Fatalf("got %v, want the number of points that were dropped with the reason %s", last, tt.reason)
			}
			mustLose(t, err, last, tt.endpoint, dropped)
		})
	}
}

// TestLaterExportReplacesDataPoints lets one export fail while the program runs. The last export
// has newer values of the same series, so only points whose value is a change are lost.
func TestLaterExportReplacesDataPoints(t *testing.T) {
	for temporality, want := range map[string]string{"cumulative": "", "delta": "setup: 1 metric data points were not delivered"} {
		t.Run(temporality, func(t *testing.T) {
			var isBack atomic.Bool
			var received atomic.Int64
			server := pointCollector(t, func(ctx context.Context, r metricsRequest) (int64, error) {
				if !isBack.Load() {
					<-ctx.Done()
					return 0, ctx.Err()
				}
				received.Add(r.points)
				return 0, nil
			})
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none", "OTEL_METRIC_EXPORT_TIMEOUT", "100",
				"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", temporality)
			log := logLines(t)
			shutdown := mustStart(t)
			count(t, otel.Meter("test"), "orders")
			flush(t) // returns at about the same time as the export
			eventually(t, "a line about the failed export", func() bool { return strings.Contains(log.String(), "telemetry could not be exported") })
			isBack.Store(true)
			err := shutSlowly(t, shutdown)
			if received.Load() == 0 {
				t.Error("the last export has no points")
			}
			text := log.String()
			if isLost := strings.Contains(text, `"metric_data_points_dropped":"timeout 1"`); isLost != (want != "") || (err != nil) != isLost {
				t.Errorf("got %v and %s, want the loss %q", err, text, want)
			}
			if want != "" {
				mustName(t, err, want, "timeout 1")
			}
		})
	}
}

// TestDataPointsAreAMetric checks that an export counts the points of the export before it.
func TestDataPointsAreAMetric(t *testing.T) {
	const name = "otel.sdk.exporter.metric_data_point.exported"
	var mu sync.Mutex
	var first int64
	got := map[string]int64{} // number of points by error.type
	server := pointCollector(t, func(_ context.Context, r metricsRequest) (int64, error) {
		mu.Lock()
		defer mu.Unlock()
		if r.number == 1 {
			first = r.points
			return 2, nil
		}
		for _, p := range r.metrics[name].GetSum().GetDataPoints() {
			got[texts(p.GetAttributes())["error.type"]] = p.GetAsInt()
		}
		return 0, nil
	})
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none")
	logLines(t)
	shutdown := mustStart(t)
	flush(t)
	mustName(t, shutSlowly(t, shutdown), "2 metric data points", "rejected 2")
	mu.Lock()
	defer mu.Unlock()
	if got["rejected"] != 2 || got[""] != first-2 {
		t.Errorf("%s: got %v, want 2 rejected of %d", name, got, first)
	}
}

// TestShutdownDuringAnExport shuts down telemetry while a periodic export of metrics is at
// different points. The shutdown cancels this export. This is no problem, because the last export
// contains the values of all series, so it is neither logged nor counted as a failure.
func TestShutdownDuringAnExport(t *testing.T) {
	for _, tt := range []struct {
		name        string
		temporality string
		observed    func(ctx context.Context) error // called in the first collection
		isLost      bool
	}{
		{"before the request", "", func(ctx context.Context) error { <-ctx.Done(); return nil }, false},
		{"before the request, delta", "delta", func(ctx context.Context) error { <-ctx.Done(); return nil }, true},
		{"error of the context", "", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, false},
		{"before the answer", "", nil, false},
		{"before the answer, delta", "delta", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun := make(chan struct{})
			var received, failures atomic.Int64
			server := pointCollector(t, func(ctx context.Context, r metricsRequest) (int64, error) {
				if r.number == 1 && tt.observed == nil {
					close(begun)
					<-ctx.Done()
					return 0, ctx.Err()
				}
				received.Add(r.points)
				failures.Add(int64(len(r.metrics["spor.export.failures"].GetSum().GetDataPoints())))
				return 0, nil
			})
			interval := "20"
			if tt.isLost {
				interval = "" // otherwise, an export could take the counter's only change too early
			}
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none", "OTEL_METRIC_EXPORT_INTERVAL", interval,
				"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", tt.temporality)
			log := logLines(t)
			shutdown := mustStart(t)
			count(t, otel.Meter("test"), "orders")
			if tt.observed != nil {
				observeFirst(t, func(ctx context.Context) error {
					close(begun)
					return tt.observed(ctx)
				})
			}
			var flushing sync.WaitGroup
			if tt.isLost {
				flushing.Go(func() { flush(t) })
			}
			<-begun
			before := received.Load()
			err := shutSlowly(t, shutdown)
			flushing.Wait()
			if received.Load() == before {
				t.Error("the last metrics were not exported")
			}
			if failures.Load() > 0 {
				t.Error("the canceled export is counted as a failure")
			}
			if tt.isLost {
				mustName(t, err, "metric data points", "after_shutdown")
				return
			}
			if text := log.String(); err != nil || text != "" {
				t.Errorf("got %v and %s, want no error and no line", err, text)
			}
		})
	}
}

// observeFirst registers a gauge, and calls the function observed in its first collection.
func observeFirst(t *testing.T, observed func(ctx context.Context) error) {
	t.Helper()
	var collections atomic.Int64
	_, err := otel.Meter("test").Int64ObservableGauge("stock", metric.WithInt64Callback(func(ctx context.Context, o metric.Int64Observer) error {
		o.Observe(1)
		if collections.Add(1) > 1 {
			return nil
		}
		return observed(ctx)
	}))
	if err != nil {
		t.Fatal(err)
	}
}

// TestLastMetricsThatCannotBeCollected checks that the log and the error of a shutdown report a
// callback that fails in the last collection.
func TestLastMetricsThatCannotBeCollected(t *testing.T) {
	server := pointCollector(t, func(context.Context, metricsRequest) (int64, error) { return 0, nil })
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none")
	log := logLines(t)
	shutdown := mustStart(t)
	observeFirst(t, func(context.Context) error { return errors.New("no such device") })
	mustName(t, shutSlowly(t, shutdown), "setup: the last metrics could not be collected: no such device")
	if text := log.String(); !strings.Contains(text, "the last metrics could not be collected: no such device") {
		t.Errorf("log: got %s", text)
	}
}
