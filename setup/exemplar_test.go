package setup_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/nais/spor/setup"
)

const remoteTrace, remoteSpan = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

// instruments contains one function for each kind of instrument that can have exemplars. The
// function makes such an instrument and records one value.
var instruments = map[string]func(context.Context, metric.Meter, string, metric.MeasurementOption) error{
	"counter": func(ctx context.Context, m metric.Meter, name string, attrs metric.MeasurementOption) error {
		counter, err := m.Int64Counter(name)
		counter.Add(ctx, 1, attrs)
		return err
	},
	"histogram": func(ctx context.Context, m metric.Meter, name string, attrs metric.MeasurementOption) error {
		histogram, err := m.Float64Histogram(name)
		histogram.Record(ctx, 1, attrs)
		return err
	},
	"histogram with buckets": func(ctx context.Context, m metric.Meter, name string, attrs metric.MeasurementOption) error {
		histogram, err := m.Int64Histogram(name, metric.WithExplicitBucketBoundaries(1, 2))
		histogram.Record(ctx, 1, attrs)
		return err
	},
	"histogram with one bucket": func(ctx context.Context, m metric.Meter, name string, attrs metric.MeasurementOption) error {
		histogram, err := m.Int64Histogram(name, metric.WithExplicitBucketBoundaries())
		histogram.Record(ctx, 1, attrs)
		return err
	},
}

func TestExemplarsHaveTraceAndSpanAlone(t *testing.T) {
	for kind, record := range instruments {
		for _, name := range []string{"http.server.request.duration", "rpc.server.call.duration"} {
			for _, address := range []string{"caller-517", strings.Repeat("long caller-517 ", 20)} {
				with := metric.WithAttributes(attribute.String("server.address", address), attribute.String("http.route", "/"))
				t.Run("pushed, "+kind, func(t *testing.T) {
					c := pushed(t, func(m metric.Meter) {
						if err := record(remote(sampledParent), m, name, with); err != nil {
							t.Fatal(err)
						}
					}, nil)
					if strings.Contains(string(c.bytes), "caller-517") || !strings.Contains(string(c.bytes), "exemplars:{") {
						t.Errorf("got %s", c.metric(name))
					}
				})
				t.Run("scraped, "+kind, func(t *testing.T) {
					environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_TRACES_EXPORTER", "none")
					log := logLines(t)
					mustStart(t)
					if err := record(remote(sampledParent), otel.Meter("test"), name, with); err != nil {
						t.Fatal(err)
					}
					page := openMetrics(t)
					if strings.Contains(page, "caller-517") || strings.Contains(log.String(), "exemplar") {
						t.Errorf("page: %.2000s\nlog: %s", page, log)
					}
					if kind != "histogram with one bucket" && !strings.Contains(page, `# {span_id="`+remoteSpan+`",trace_id="`+remoteTrace+`"}`) &&
						!strings.Contains(page, `# {trace_id="`+remoteTrace+`",span_id="`+remoteSpan+`"}`) {
						t.Errorf("no exemplar in %.2000s", page)
					}
				})
			}
		}
	}
}

func openMetrics(t *testing.T) string {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	setup.MetricsHandler().ServeHTTP(w, r)
	return w.Body.String()
}

func BenchmarkRecordInSpan(b *testing.B) {
	b.Setenv("OTEL_METRICS_EXPORTER", "prometheus")
	b.Setenv("OTEL_TRACES_EXPORTER", "none")
	shutdown, err := setup.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = shutdown(context.Background()) })
	histogram, err := otel.Meter("test").Float64Histogram("http.server.request.duration")
	if err != nil {
		b.Fatal(err)
	}
	set := metric.WithAttributeSet(attribute.NewSet(attribute.String("server.address", "x"), attribute.String("http.route", "/")))
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		ctx := remote(sampledParent)
		for p.Next() {
			histogram.Record(ctx, 1, set)
		}
	})
}
