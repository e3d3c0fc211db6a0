package docs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
)

// catalogue lists the names that occur in telemetry. The keys are the section titles of a
// page. The sections contain the names of spans, the attributes of spans of each kind, and
// the unit and the attributes of each metric.
type catalogue map[string]set

type set map[string]bool

func (c catalogue) add(section string, names ...string) {
	if c[section] == nil {
		c[section] = set{}
	}
	for _, name := range names {
		c[section][name] = true
	}
}

// The function emitted returns the catalogue of the telemetry in sdk. It ignores spans and
// metrics whose scope does not begin with prefix.
func emitted(tb testing.TB, sdk *oteltest.SDK, prefix string) catalogue {
	tb.Helper()
	c := catalogue{}
	for _, span := range sdk.Ended() {
		if strings.HasPrefix(span.InstrumentationScope().Name, prefix) {
			c.addSpan(span)
		}
	}
	for _, m := range sdk.Metrics(tb, prefix) {
		c.addMetric(m)
	}
	return c
}

func (c catalogue) addSpan(span sdktrace.ReadOnlySpan) {
	kind := span.SpanKind().String()
	c.add("Names", kind+" "+span.Name())
	c.add(strings.ToUpper(kind[:1])+kind[1:]+" spans", keys(span.Attributes())...)
	for _, event := range span.Events() {
		c.add("Events", event.Name)
		for _, key := range keys(event.Attributes) {
			c.add("Events", event.Name+" "+key)
		}
	}
	for _, link := range span.Links() {
		c.add("Links", "link")
		for _, key := range keys(link.Attributes) {
			c.add("Links", "link "+key)
		}
	}
}

func (c catalogue) addMetric(m metricdata.Metrics) {
	c.add("Metrics", m.Name, m.Name+" unit "+m.Unit)
	for _, key := range seriesKeys(m.Data) {
		c.add("Metrics", m.Name+" "+key)
	}
}

func keys(attrs []attribute.KeyValue) (keys []string) {
	for _, attr := range attrs {
		keys = append(keys, string(attr.Key))
	}
	return keys
}

func seriesKeys(data metricdata.Aggregation) (all []string) {
	add := func(attrs attribute.Set) { all = append(all, keys(attrs.ToSlice())...) }
	switch data := data.(type) {
	case metricdata.Histogram[float64]:
		each(data.DataPoints, func(p metricdata.HistogramDataPoint[float64]) { add(p.Attributes) })
	case metricdata.Histogram[int64]:
		each(data.DataPoints, func(p metricdata.HistogramDataPoint[int64]) { add(p.Attributes) })
	case metricdata.Sum[int64]:
		each(data.DataPoints, func(p metricdata.DataPoint[int64]) { add(p.Attributes) })
	case metricdata.Sum[float64]:
		each(data.DataPoints, func(p metricdata.DataPoint[float64]) { add(p.Attributes) })
	case metricdata.Gauge[int64]:
		each(data.DataPoints, func(p metricdata.DataPoint[int64]) { add(p.Attributes) })
	case metricdata.Gauge[float64]:
		each(data.DataPoints, func(p metricdata.DataPoint[float64]) { add(p.Attributes) })
	}
	return all
}

func each[T any](all []T, do func(T)) {
	for _, one := range all {
		do(one)
	}
}

func compare(t *testing.T, page, code catalogue) {
	t.Helper()
	sections := maps.Clone(page)
	maps.Copy(sections, code)
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		for _, name := range missing(code[section], page[section]) {
			t.Errorf("%s: the page does not list %s, which the code records", section, name)
		}
		for _, name := range missing(page[section], code[section]) {
			t.Errorf("%s: the page lists %s, which the code does not record", section, name)
		}
	}
}

func missing(from, in set) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if !in[name] {
			names = append(names, name)
		}
	}
	return names
}
