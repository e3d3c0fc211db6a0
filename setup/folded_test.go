package setup_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
)

// recordSeries records n series of a counter and of a histogram, and one series less of another
// counter.
func recordSeries(t *testing.T, n int) {
	t.Helper()
	m := otel.Meter("shop")
	histogram, err := m.Float64Histogram("price")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		attrs := []attribute.KeyValue{attribute.Int("customer", i), attribute.Int("shelf", i%7)}
		count(t, m, "orders", attrs...)
		histogram.Record(t.Context(), 1, metric.WithAttributes(attrs...))
		if i > 0 {
			count(t, m, "few", attrs...)
		}
	}
}

// aboutSeries returns the lines about metrics with too many series, without the time. The lines
// are sorted by the metric.
func aboutSeries(t *testing.T, log *oteltest.Lines) (lines []map[string]any) {
	t.Helper()
	for _, line := range log.All(t) {
		if text, _ := line["message"].(string); strings.HasPrefix(text, "a metric has more series than the limit") && line["level"] == "WARN" {
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, func(a, b map[string]any) int { return strings.Compare(a["metric"].(string), b["metric"].(string)) })
	return lines
}

// mustNameSeries checks that there is one line for each of metrics, with the attribute that has
// most values.
func mustNameSeries(t *testing.T, lines []map[string]any, limit float64, metrics ...string) {
	t.Helper()
	if len(lines) != len(metrics) {
		t.Fatalf("got the lines %v, want one for each of %q", lines, metrics)
	}
	for i, line := range lines {
		cure, _ := line["cure"].(string)
		if line["metric"] != metrics[i] || line["limit"] != limit || line["attribute"] != "customer" || !strings.Contains(cure, "OTEL_GO_X_CARDINALITY_LIMIT") {
			t.Errorf("got %v, want the metric %s, its limit %v, its attribute and the cure", line, metrics[i], limit)
		}
	}
}

// TestFoldedSeriesAreNamedOnce exports metrics twice. A metric with more series than the limit
// must be named in one line.
func TestFoldedSeriesAreNamedOnce(t *testing.T) {
	const limit = 300
	t.Run("pushed", func(t *testing.T) {
		server := pointCollector(t, func(context.Context, metricsRequest) (int64, error) { return 0, nil })
		environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none", "OTEL_GO_X_CARDINALITY_LIMIT", "300")
		log := logLines(t)
		shutdown := mustStart(t)
		recordSeries(t, limit)
		flush(t)
		if err := shutSlowly(t, shutdown); err != nil {
			t.Error(err)
		}
		lines := aboutSeries(t, log)
		mustNameSeries(t, lines, limit, "orders", "price")
		if lines[0]["meter"] != "shop" {
			t.Errorf("got %v, want the meter", lines[0])
		}
	})
	t.Run("scraped", func(t *testing.T) {
		environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_TRACES_EXPORTER", "none", "OTEL_GO_X_CARDINALITY_LIMIT", "300")
		log := logLines(t)
		mustStart(t)
		recordSeries(t, limit)
		get(setup.MetricsHandler())
		if _, page := get(setup.MetricsHandler()); !strings.Contains(page, `otel_metric_overflow="true"`) {
			t.Error("no series is folded")
		}
		mustNameSeries(t, aboutSeries(t, log), limit, "orders_total", "price")
	})
}

// TestFoldedSeriesOfSeveralRequests exports a metric whose series need two requests. The limit in
// the environment is not valid.
func TestFoldedSeriesOfSeveralRequests(t *testing.T) {
	server := pointCollector(t, func(context.Context, metricsRequest) (int64, error) { return 0, nil })
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none", "OTEL_GO_X_CARDINALITY_LIMIT", "-1")
	log := logLines(t)
	shutdown, err := start(t)
	mustName(t, err, "OTEL_GO_X_CARDINALITY_LIMIT", "2000 is used")
	recordSeries(t, 2000)
	if err := shutSlowly(t, shutdown); err != nil {
		t.Error(err)
	}
	lines := aboutSeries(t, log)
	if len(lines) != 2 || lines[0]["metric"] != "orders" || lines[0]["limit"] != 2000.0 || lines[1]["metric"] != "price" {
		t.Errorf("got %v, want one line for orders and one for price", lines)
	}
}
