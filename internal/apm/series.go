package apm

import (
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/nais/spor/internal/otlpattr"
)

// A series is a metric series. It has the name and the labels of the series in Mimir.
type series struct {
	resource *resource
	name     string
	labels   map[string]string
}

// namer builds the names that metrics have in Mimir on NAIS. It adds the unit and _total as
// suffixes.
var namer = otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)

func seriesOf(from *resource, m *metricspb.Metric) []*series {
	kind, suffixes := kindOf(m)
	name, err := namer.Build(otlptranslator.Metric{Name: m.GetName(), Unit: m.GetUnit(), Type: kind})
	if err != nil {
		return nil
	}
	var all []*series
	for _, attrs := range pointsOf(m) {
		labels := labelsOf(attrs)
		for _, suffix := range suffixes {
			all = append(all, &series{resource: from, name: name + suffix, labels: labels})
		}
	}
	return all
}

// kindOf returns the type of a metric. It also returns the suffixes that Mimir adds to the
// names of the series because of this type.
func kindOf(m *metricspb.Metric) (kind otlptranslator.MetricType, suffixes []string) {
	switch d := m.GetData().(type) {
	case *metricspb.Metric_Gauge:
		return otlptranslator.MetricTypeGauge, []string{""}
	case *metricspb.Metric_Sum:
		if d.Sum.GetIsMonotonic() {
			return otlptranslator.MetricTypeMonotonicCounter, []string{""}
		}
		return otlptranslator.MetricTypeNonMonotonicCounter, []string{""}
	case *metricspb.Metric_Histogram:
		return otlptranslator.MetricTypeHistogram, []string{"_bucket", "_count", "_sum"}
	case *metricspb.Metric_ExponentialHistogram: // a native histogram has no bucket series
		return otlptranslator.MetricTypeExponentialHistogram, []string{""}
	case *metricspb.Metric_Summary:
		return otlptranslator.MetricTypeSummary, []string{"", "_count", "_sum"}
	}
	return otlptranslator.MetricTypeUnknown, []string{""}
}

func pointsOf(m *metricspb.Metric) [][]*commonpb.KeyValue {
	var points [][]*commonpb.KeyValue
	for _, p := range slices.Concat(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()) {
		points = append(points, p.GetAttributes())
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		points = append(points, p.GetAttributes())
	}
	for _, p := range m.GetExponentialHistogram().GetDataPoints() {
		points = append(points, p.GetAttributes())
	}
	for _, p := range m.GetSummary().GetDataPoints() {
		points = append(points, p.GetAttributes())
	}
	return points
}

func labelsOf(attrs []*commonpb.KeyValue) map[string]string {
	labels := map[string]string{}
	for key, value := range otlpattr.Map(attrs) {
		labels[strings.Map(labelRune, key)] = value
	}
	return labels
}

func labelRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
		return r
	}
	return '_'
}
