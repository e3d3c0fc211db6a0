package export

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/attribute"
)

// A Folded logs one line for each metric that has more series than the limit. The SDK adds the
// values of all further series to one series, and does not report this.
type Folded struct {
	Logger func() *slog.Logger
	Limit  int // the maximum number of series of a metric

	mu   sync.Mutex
	seen map[string]bool // the metrics that were logged
}

// The only attribute of the series that contains the values of the further series, and the name
// of this attribute in Prometheus.
const (
	overflow      = attribute.Key("otel.metric.overflow")
	overflowLabel = "otel_metric_overflow"
)

func isOverflow(set *attribute.Set) bool { return set.Len() == 1 && set.HasValue(overflow) }

// pushed logs a line about the metric, unless it was logged before.
func (f *Folded) pushed(meter, metric string, s series) {
	f.report(meter+"\x00"+metric, []slog.Attr{slog.String("metric", metric), slog.String("meter", meter)}, func(yield func(string, string) bool) {
		for i := range s.size {
			for _, a := range s.set(i).ToSlice() {
				if !yield(string(a.Key), a.Value.String()) {
					return
				}
			}
		}
	})
}

// scraped logs a line about the family if it has a series with the values of the further series,
// unless the family was logged before.
func (f *Folded) scraped(family *dto.MetricFamily) {
	isFolded := slices.ContainsFunc(family.GetMetric(), func(m *dto.Metric) bool {
		return slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == overflowLabel })
	})
	if !isFolded {
		return
	}
	f.report(family.GetName(), []slog.Attr{slog.String("metric", family.GetName())}, func(yield func(string, string) bool) {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if !yield(l.GetName(), l.GetValue()) {
					return
				}
			}
		}
	})
}

// report logs a line with attrs, unless it has logged a line with the same key before. attributes
// returns the keys and values of the attributes of the series.
func (f *Folded) report(key string, attrs []slog.Attr, attributes iter.Seq2[string, string]) {
	f.mu.Lock()
	before := f.seen[key]
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[key] = true
	f.mu.Unlock()
	if before {
		return
	}
	attrs = append(attrs, slog.Int("limit", f.Limit))
	cure := "record fewer different values of its attributes, or raise OTEL_GO_X_CARDINALITY_LIMIT"
	if name := mostVaried(attributes); name != "" {
		attrs = append(attrs, slog.String("attribute", name))
		cure = "record fewer different values of this attribute, or raise OTEL_GO_X_CARDINALITY_LIMIT"
	}
	f.Logger().LogAttrs(context.Background(), slog.LevelWarn, "a metric has more series than the limit: all further series are one series with otel.metric.overflow=true",
		append(attrs, slog.String("cure", cure))...)
}

// manyValues is the number of values above which an attribute is named as the reason for many
// series.
const manyValues = 100

// mostVaried returns the key of the attribute that has most different values. If no attribute has
// more than manyValues, it returns "".
func mostVaried(attributes iter.Seq2[string, string]) (key string) {
	values := map[string]map[string]bool{}
	for k, value := range attributes {
		if values[k] == nil {
			values[k] = map[string]bool{}
		}
		values[k][value] = true
	}
	most := manyValues
	for _, k := range slices.Sorted(maps.Keys(values)) {
		if n := len(values[k]); n > most {
			key, most = k, n
		}
	}
	return key
}
