package setup_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// The function pushed starts telemetry with environment variables, calls the function record,
// and shuts down telemetry. The argument pairs contains the names and values of the variables.
// The result is the collector, which has the exported metrics.
func pushed(t *testing.T, record func(metric.Meter), opts []setup.Option, pairs ...string) *collector {
	t.Helper()
	c := listen(t, ":0")
	environment(t, append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint()}, pairs...)...)
	logLines(t)
	shutdown := mustStart(t, opts...)
	record(otel.GetMeterProvider().Meter("test"))
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func count(t *testing.T, m metric.Meter, name string, attrs ...attribute.KeyValue) {
	t.Helper()
	counter, err := m.Int64Counter(name)
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 1, metric.WithAttributes(attrs...))
}

func nothing(metric.Meter) {}

// goCard contains the metrics that the Go card of Nais APM reads. The key is the name of the
// metric. The value is the type that the metric must have.
var goCard = map[string]otlptranslator.MetricType{
	"go_goroutines":             otlptranslator.MetricTypeGauge,
	"go_threads":                otlptranslator.MetricTypeGauge,
	"go_memstats_alloc_bytes":   otlptranslator.MetricTypeGauge,
	"go_memstats_sys_bytes":     otlptranslator.MetricTypeGauge,
	"go_gc_duration_seconds":    otlptranslator.MetricTypeSummary,
	"go_info":                   otlptranslator.MetricTypeGauge,
	"process_cpu_seconds_total": otlptranslator.MetricTypeMonotonicCounter,
	"process_open_fds":          otlptranslator.MetricTypeGauge,
	"process_max_fds":           otlptranslator.MetricTypeGauge,
}

func TestGoCardKeepsItsNames(t *testing.T) {
	c := pushed(t, nothing, nil)
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	for name, kind := range goCard {
		m := c.metric(name)
		if m == nil {
			t.Errorf("%s: not pushed", name)
			continue
		}
		if got := typeOf(m); got != kind {
			t.Errorf("%s: got type %v, want %v", name, got, kind)
		}
		got, err := namer.Build(otlptranslator.Metric{Name: m.GetName(), Unit: m.GetUnit(), Type: typeOf(m)})
		if err != nil || got != name {
			t.Errorf("%s: its name in Prometheus is %s, %v", name, got, err)
		}
	}
	info := c.metric("go_info").GetGauge().GetDataPoints()[0]
	if version := texts(info.GetAttributes())["version"]; !strings.HasPrefix(version, "go1.") {
		t.Errorf("go_info: got version %q", version)
	}
}

func typeOf(m *metricspb.Metric) otlptranslator.MetricType {
	switch d := m.GetData().(type) {
	case *metricspb.Metric_Gauge:
		return otlptranslator.MetricTypeGauge
	case *metricspb.Metric_Sum:
		if d.Sum.GetIsMonotonic() {
			return otlptranslator.MetricTypeMonotonicCounter
		}
		return otlptranslator.MetricTypeNonMonotonicCounter
	case *metricspb.Metric_Histogram:
		return otlptranslator.MetricTypeHistogram
	case *metricspb.Metric_Summary:
		return otlptranslator.MetricTypeSummary
	}
	return otlptranslator.MetricTypeUnknown
}

func TestMetricsHaveTheResourceOfTheSpans(t *testing.T) {
	c := pushed(t, func(m metric.Meter) { count(t, m, "orders") }, nil, "OTEL_SERVICE_NAME", "orders", "NAIS_POD_NAME", "orders-x")
	if c.metric("orders") == nil {
		t.Fatal("not pushed")
	}
	for _, want := range []string{"orders-x", `string_value:"orders"`, "telemetry.sdk.language"} {
		if !strings.Contains(string(c.bytes), want) {
			t.Errorf("resource: %s is missing", want)
		}
	}
}

func TestMetricsExportersOfTheVariable(t *testing.T) {
	for _, tt := range []struct {
		value        string
		push, scrape bool
		bad          string
	}{
		{"", true, false, ""},
		{"otlp", true, false, ""},
		{"Prometheus", false, true, ""},
		{"none", false, false, ""},
		{"otlp,prometheus", true, false, "counted twice"},
		{"prometheus,otlp", false, true, "counted twice"},
		{"statsd", true, false, `"statsd"`},
	} {
		t.Run(tt.value, func(t *testing.T) {
			c := listen(t, ":0")
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_METRICS_EXPORTER", tt.value)
			logLines(t)
			handler := setup.MetricsHandler()
			shutdown, err := start(t)
			if tt.bad != "" {
				mustName(t, err, "OTEL_METRICS_EXPORTER", tt.bad)
			} else if err != nil {
				t.Errorf("error: got %v, want none", err)
			}
			count(t, otel.Meter("test"), "orders")
			code, page := get(handler)
			if scraped := code == http.StatusOK && strings.Contains(page, "\norders_total 1") && strings.Contains(page, "\ngo_goroutines "); scraped != tt.scrape {
				t.Errorf("scraped: got %t, want %t: %d %.300s", scraped, tt.scrape, code, page)
			}
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := c.metric("orders") != nil; got != tt.push {
				t.Errorf("pushed: got %t, want %t", got, tt.push)
			}
			if code, _ := get(handler); code != http.StatusNotFound {
				t.Errorf("after shutdown: got %d, want 404", code)
			}
		})
	}
}

func get(h http.Handler) (code int, page string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Code, w.Body.String()
}

func TestScrapeListener(t *testing.T) {
	_, port, err := net.SplitHostPort(closedPort(t))
	if err != nil {
		t.Fatal(err)
	}
	environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT", port)
	logLines(t)
	shutdown := mustStart(t)
	resp, err := http.Get("http://localhost:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(page), "go_goroutines") {
		t.Errorf("page: got %.200s, %v", page, err)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Get("http://localhost:" + port + "/metrics"); err == nil {
		resp.Body.Close()
		t.Error("the listener still accepts connections after shutdown")
	}
}

func TestScrapePortThatIsTaken(t *testing.T) {
	c := listen(t, ":0")
	_, port, _ := strings.Cut(c.Addr(), ":")
	environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1", "OTEL_EXPORTER_PROMETHEUS_PORT", port)
	logLines(t)
	_, err := start(t)
	mustName(t, err, "OTEL_EXPORTER_PROMETHEUS_PORT", "in use")
	if code, _ := get(setup.MetricsHandler()); code != http.StatusOK {
		t.Errorf("handler: got %d, want 200, because it does not need the port", code)
	}
}

func TestMetricVariables(t *testing.T) {
	for _, tt := range []struct{ name, value, cure string }{
		{"OTEL_METRIC_EXPORT_INTERVAL", "-1", "milliseconds"},
		{"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "summary", "explicit_bucket_histogram or base2_exponential_bucket_histogram"},
		{"OTEL_EXPORTER_PROMETHEUS_PORT", "9464", "set OTEL_METRICS_EXPORTER=prometheus"},
		{"OTEL_METRIC_EXPORT_TIMEOUT", "30s", "30000 for 30s"},
		{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both", "cumulative, delta or lowmemory"},
		{"OTEL_METRICS_EXEMPLAR_FILTER", "sometimes", "trace_based"},
		{"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json", "want grpc"},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "nowhere", "host:port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := listen(t, ":0")
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), tt.name, tt.value)
			logLines(t)
			_, err := start(t)
			mustName(t, err, tt.name, tt.value, tt.cure)
		})
	}
}

func TestTemporalityPreference(t *testing.T) {
	for value, want := range map[string]metricspb.AggregationTemporality{
		"": metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, "Delta": metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA,
	} {
		c := pushed(t, func(m metric.Meter) { count(t, m, "orders") }, nil, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", value)
		if got := c.metric("orders").GetSum().GetAggregationTemporality(); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

func TestProgramsRegistryIsExportedOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "orders_total", Help: "Orders."}, func() float64 { return 3 }))
	c := pushed(t, nothing, []setup.Option{setup.WithGatherer(registry), setup.WithGatherer(nil)})
	if got := c.metric("orders_total").GetSum().GetDataPoints()[0].GetAsDouble(); got != 3 {
		t.Errorf("orders_total: got %v, want 3", got)
	}
	var goroutines int
	for _, m := range c.metrics {
		if m.GetName() == "go_goroutines" {
			goroutines++
		}
	}
	if goroutines != 1 {
		t.Errorf("go_goroutines: got %d times, want once", goroutines)
	}
}

func TestWithoutMetrics(t *testing.T) {
	c := pushed(t, func(m metric.Meter) { count(t, m, "orders") }, []setup.Option{setup.WithoutMetrics()})
	if len(c.metrics) != 0 {
		t.Errorf("metrics: got %d, want none", len(c.metrics))
	}
}

func TestViewsKeepCallersOffTheSeries(t *testing.T) {
	c := pushed(t, func(m metric.Meter) {
		for i := range 1000 {
			count(t, m, "http.server.requests", attribute.String("server.address", fmt.Sprint("host", i)), attribute.Int("server.port", i), attribute.String("http.route", "/"))
			count(t, m, "http.client.requests", attribute.String("server.address", fmt.Sprint("host", i%3)))
			count(t, m, "orders", attribute.Int("customer", i))
		}
		for i := range 5000 {
			count(t, m, "unbounded", attribute.Int("customer", i))
		}
	}, nil)
	for name, want := range map[string]int{"http.server.requests": 1, "http.client.requests": 3, "orders": 1000, "unbounded": 2000} {
		series := 0 // a large metric is exported in several parts
		for _, m := range c.metrics {
			if m.GetName() == name {
				series += len(m.GetSum().GetDataPoints())
			}
		}
		if series != want {
			t.Errorf("%s: got %d series, want %d", name, series, want)
		}
	}
}

func TestMetricsAreMasked(t *testing.T) {
	const number = "01017012345"
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "users", Help: "Users."}, []string{"fnr"})
	gauge.WithLabelValues(number).Set(1)
	registry.MustRegister(gauge)
	record := func(m metric.Meter) {
		count(t, m, "orders", attribute.String("fnr", number))
		histogram, err := m.Float64Histogram("http.server.request.duration")
		if err != nil {
			t.Fatal(err)
		}
		histogram.Record(remote(sampledParent), 1, metric.WithAttributes(attribute.String("server.address", number)))
		named := otel.Meter("meter of "+number, metric.WithInstrumentationAttributes(attribute.String("of", number)))
		counter, err := named.Int64Counter("visits", metric.WithDescription("By "+number), metric.WithUnit("{"+number+"}"))
		if err != nil {
			t.Fatal(err)
		}
		counter.Add(t.Context(), 1)
	}
	c := pushed(t, record, []setup.Option{setup.WithGatherer(registry)})
	if strings.Contains(string(c.bytes), number) {
		t.Error("the number was pushed")
	}
	if got := c.metric("http.server.request.duration").GetHistogram().GetDataPoints()[0].GetExemplars(); len(got) != 1 || len(got[0].GetTraceId()) == 0 {
		t.Errorf("exemplars: got %v, want one with the trace", got)
	}
	environment(t, "OTEL_METRICS_EXPORTER", "prometheus")
	logLines(t)
	mustStart(t, setup.WithGatherer(registry))
	record(otel.Meter("test"))
	_, page := get(setup.MetricsHandler())
	if at := strings.Index(page, number); at >= 0 || !strings.Contains(page, `fnr="***********"`) {
		t.Errorf("page: got %.400s", page[max(at-200, 0):])
	}
}

func TestSelfMetrics(t *testing.T) {
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			if strings.Contains(r.String(), "poison") {
				return nil, status.Error(codes.InvalidArgument, "no")
			}
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_BSP_SCHEDULE_DELAY", "10")
	logLines(t)
	mustStart(t)
	endSpans(3)
	_, span := otel.Tracer("test").Start(t.Context(), "poison")
	span.End()
	wants := []string{`otel_sdk_exporter_span_exported_total 3`, `otel_sdk_exporter_span_exported_total{error_type="rejected"} 1`, `spor_export_failures_total{signal="traces"} 1`}
	eventually(t, strings.Join(wants, ", "), func() bool {
		_, page := get(setup.MetricsHandler())
		return !slices.ContainsFunc(wants, func(want string) bool { return !strings.Contains(page, want) })
	})
}

func TestASignalThatHangsTakesNothingFromTheOthers(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"+blackHole(t), "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", c.Endpoint())
	logLines(t)
	shutdown := mustStart(t)
	endSpans(1)
	count(t, otel.Meter("test"), "orders")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	begin := time.Now()
	mustName(t, shutdown(ctx), "1 of 1 spans")
	if took := time.Since(begin); took > 1500*time.Millisecond {
		t.Errorf("shutdown took %s, its context ended after 500ms", took)
	}
	if c.metric("orders") == nil {
		t.Error("the metrics were not pushed")
	}
}
