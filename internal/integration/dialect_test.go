//go:build integration

package integration

import (
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/otlpattr"
)

func TestQuotesSpeaksBothDialects(t *testing.T) {
	c := listen(t, ":0")
	q := newQuotes(t, c.Endpoint(), "-once")
	if err := q.cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
	}
	seen, both := map[string]bool{}, dialect.New(0)
	for _, s := range c.received() {
		attrs := otlpattr.Map(s.GetAttributes())
		for stable := range dialect.All {
			_, twin := both.Twin(attribute.String(stable, attrs[stable]))
			if older := string(twin.Key); older != "" && attrs[older] != twin.Value.AsString() {
				t.Errorf("%s %s: got %s %q, want %q beside %s", s.GetKind(), s.GetName(), older, attrs[older], twin.Value.AsString(), stable)
			}
		}
		seen[attrs["http.status_code"]] = true
	}
	for _, want := range []string{"200", "201", "404", "502"} {
		if !seen[want] {
			t.Errorf("no span with http.status_code=%s", want)
		}
	}
}

// goCard lists the metrics that the Go card of Nais APM reads.
var goCard = map[string]otlptranslator.MetricType{
	"go_goroutines":             otlptranslator.MetricTypeGauge,
	"go_threads":                otlptranslator.MetricTypeGauge,
	"go_memstats_alloc_bytes":   otlptranslator.MetricTypeGauge,
	"go_memstats_sys_bytes":     otlptranslator.MetricTypeGauge,
	"go_gc_duration_seconds":    otlptranslator.MetricTypeSummary, // the card reads the series _count and _sum
	"go_info":                   otlptranslator.MetricTypeGauge,
	"process_cpu_seconds_total": otlptranslator.MetricTypeMonotonicCounter,
	"process_open_fds":          otlptranslator.MetricTypeGauge,
	"process_max_fds":           otlptranslator.MetricTypeGauge,
}

func TestQuotesFillsTheGoCard(t *testing.T) {
	c := listen(t, ":0")
	q := newQuotes(t, c.Endpoint(), "-once")
	if err := q.cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
	}
	pushed := map[string]*metricspb.Metric{}
	for _, m := range c.receivedMetrics() {
		if pushed[m.GetName()] != nil {
			t.Errorf("%s: pushed twice, although the process ended within one interval", m.GetName())
		}
		pushed[m.GetName()] = m
	}
	// This namer translates the names of metrics in the same way as NAIS. It can add a unit and
	// the suffix _total to a name.
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	for name, kind := range goCard {
		m := pushed[name]
		if m == nil {
			t.Errorf("%s: not pushed", name)
			continue
		}
		got, err := namer.Build(otlptranslator.Metric{Name: m.GetName(), Unit: m.GetUnit(), Type: typeOf(m)})
		if err != nil || got != name || typeOf(m) != kind {
			t.Errorf("%s: Prometheus has %s of type %v, %v; want type %v", name, got, typeOf(m), err, kind)
		}
	}
	info := otlpattr.Map(pushed["go_info"].GetGauge().GetDataPoints()[0].GetAttributes())
	if !strings.HasPrefix(info["version"], "go1.") {
		t.Errorf("go_info: got version %q", info["version"])
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
