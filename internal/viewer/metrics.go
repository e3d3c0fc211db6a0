package viewer

import (
	"cmp"
	"math"
	"slices"
	"strings"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/nais/spor/internal/tracetree"
)

type metrics struct {
	index  map[seriesKey]*series
	newest map[metricKey]newestMetric
}

type metricKey struct{ service, scope, name string }

// A newestMetric is a metric as it was in the newest request. It contains only the data of that
// request.
type newestMetric struct {
	origin
	*metricspb.Metric
}

type seriesKey struct{ service, name, attributes string }

// A series contains the values over time of one metric with one set of attributes.
type series struct {
	seriesKey
	unit, description string
	kind              seriesKind
	delta             bool // true for counters and histograms with delta temporality
	points            []point
}

type seriesKind string

const (
	gauge     seriesKind = "gauge"
	counter   seriesKind = "counter"
	histogram seriesKind = "histogram"
)

type point struct {
	at     uint64  // Unix ns
	value  float64 // for a histogram, this is the sum
	count  uint64  // only for histograms
	counts []uint64
	bounds []float64

	exemplars []*metricspb.Exemplar // only for histograms; a point in a series has at most one
}

const (
	maxPoints  = 360 // maximum number of points per series
	maxBuckets = 500 // no quantiles are computed for a histogram with more buckets
)

// add adds the points of r. When there are maxSeries series, add drops the points of all new
// series. It returns the number of dropped points.
func (m *metrics) add(r *colmetrics.ExportMetricsServiceRequest, maxSeries int) (dropped int) {
	for _, resource := range r.GetResourceMetrics() {
		service := (&tracetree.Span{Resource: resource.GetResource()}).Service()
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				key := metricKey{service, scope.GetScope().GetName(), metric.GetName()}
				if _, known := m.newest[key]; known || len(m.newest) < maxSeries {
					m.newest[key] = newestMetric{origin{resource.GetResource(), scope.GetScope()}, metric}
				}
				for attributes, p := range pointsOf(metric) {
					if !m.addPoint(service, metric, attributes, p, maxSeries) {
						dropped++
					}
				}
			}
		}
	}
	return dropped
}

func (m *metrics) addPoint(service string, metric *metricspb.Metric, attributes string, p point, maxSeries int) bool {
	key := seriesKey{service, strings.ToValidUTF8(metric.GetName(), "\uFFFD"), attributes}
	s := m.index[key]
	if s == nil {
		if len(m.index) >= maxSeries {
			return false
		}
		s = &series{seriesKey: key, unit: metric.GetUnit(), description: metric.GetDescription()}
		s.kind, s.delta = kindOfMetric(metric)
		m.index[key] = s
	}
	var before uint64
	if n := len(s.points); n > 0 {
		before = s.points[n-1].at
	}
	if before > 0 && p.at <= before {
		return true // ignore a point that was sent twice or in the wrong order
	}
	p.exemplars = slowest(p.exemplars, before)
	if len(s.points) >= maxPoints {
		s.points = slices.Delete(s.points, 0, 1)
	}
	s.points = append(s.points, p)
	return true
}

func kindOfMetric(m *metricspb.Metric) (kind seriesKind, delta bool) {
	const isDelta = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	switch data := m.GetData().(type) {
	case *metricspb.Metric_Sum:
		if !data.Sum.GetIsMonotonic() {
			return gauge, false
		}
		return counter, data.Sum.GetAggregationTemporality() == isDelta
	case *metricspb.Metric_Histogram:
		return histogram, data.Histogram.GetAggregationTemporality() == isDelta
	case *metricspb.Metric_ExponentialHistogram:
		return histogram, data.ExponentialHistogram.GetAggregationTemporality() == isDelta
	case *metricspb.Metric_Summary:
		return histogram, false
	default:
		return gauge, false
	}
}

// pointsOf returns an iterator over the points of m. For each point, it also yields the
// attributes of the point as text.
func pointsOf(m *metricspb.Metric) func(yield func(string, point) bool) {
	return func(yield func(string, point) bool) {
		for _, p := range slices.Concat(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()) {
			value := p.GetAsDouble()
			if v, ok := p.GetValue().(*metricspb.NumberDataPoint_AsInt); ok {
				value = float64(v.AsInt)
			}
			if !yield(labelsOf(p.GetAttributes()), point{at: p.GetTimeUnixNano(), value: value}) {
				return
			}
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			h := point{at: p.GetTimeUnixNano(), value: p.GetSum(), count: p.GetCount(), exemplars: p.GetExemplars()}
			if len(p.GetBucketCounts()) == len(p.GetExplicitBounds())+1 && len(p.GetBucketCounts()) <= maxBuckets {
				h.counts, h.bounds = p.GetBucketCounts(), p.GetExplicitBounds()
			}
			if !yield(labelsOf(p.GetAttributes()), h) {
				return
			}
		}
		for _, p := range m.GetExponentialHistogram().GetDataPoints() {
			h := point{at: p.GetTimeUnixNano(), value: p.GetSum(), count: p.GetCount(), exemplars: p.GetExemplars()}
			if !yield(labelsOf(p.GetAttributes()), h) {
				return
			}
		}
		for _, p := range m.GetSummary().GetDataPoints() {
			if !yield(labelsOf(p.GetAttributes()), point{at: p.GetTimeUnixNano(), value: p.GetSum(), count: p.GetCount()}) {
				return
			}
		}
	}
}

func labelsOf(list []*commonpb.KeyValue) string {
	parts := make([]string, 0, len(list))
	for _, a := range plain(list) {
		parts = append(parts, a.Key+"="+a.Value)
	}
	return strings.Join(parts, ", ")
}

// A Line is a series in the form that a plot shows. The points of a line have these values:
//   - gauge: the values of the gauge
//   - counter: the rate per second
//   - histogram: the 95th percentile, or the mean if the histogram has no buckets
type Line struct {
	Service string       `json:"service"`
	Labels  string       `json:"labels"`
	Points  [][2]float64 `json:"points"` // time in Unix s, and value
}

func (s *series) line() Line {
	l := Line{Service: s.service, Labels: s.attributes, Points: [][2]float64{}}
	for i, p := range s.points {
		value := p.value
		if s.kind != gauge {
			var before point
			if i > 0 {
				before = s.points[i-1]
			} else if s.kind == counter {
				continue
			}
			var ok bool
			if value, ok = s.over(before, p); !ok {
				continue
			}
		}
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			l.Points = append(l.Points, [2]float64{float64(p.at/1e6) / 1e3, value})
		}
	}
	return l
}

// over(before, p) returns the value of a counter or a histogram for the time between two points.
// The argument before is the earlier point, and p is the later point. The value is a rate, a
// percentile or a mean. If there is no value, the second result is false.
func (s *series) over(before, p point) (float64, bool) {
	seconds := float64(p.at-before.at) / 1e9
	if s.kind == counter {
		switch {
		case before.at == 0:
			return 0, false
		case s.delta:
			return p.value / seconds, true
		case p.value < before.value: // the counter was reset
			return p.value / seconds, true
		default:
			return (p.value - before.value) / seconds, true
		}
	}
	if s.delta || p.count < before.count {
		before = point{}
	}
	n := p.count - before.count
	if n == 0 {
		return 0, false
	}
	if len(p.bounds) > 0 && len(p.counts) > 0 {
		counts := slices.Clone(p.counts)
		if len(before.counts) == len(counts) {
			for i := range counts {
				counts[i] -= min(counts[i], before.counts[i])
			}
		}
		return quantile(0.95, counts, p.bounds), true
	}
	return (p.value - before.value) / float64(n), true
}

// quantile estimates a quantile in the same way as Prometheus. It assumes that the values in a
// bucket are evenly distributed. It treats a value above the last bound as equal to the last
// bound.
func quantile(q float64, counts []uint64, bounds []float64) float64 {
	var total float64
	for _, c := range counts {
		total += float64(c)
	}
	if len(bounds) == 0 || total == 0 {
		return math.NaN()
	}
	rank := q * total
	for i, c := range counts {
		if rank > float64(c) || c == 0 {
			rank -= float64(c)
			continue
		}
		if i == len(bounds) {
			return bounds[i-1]
		}
		lower := 0.0
		if i > 0 {
			lower = bounds[i-1]
		} else if bounds[0] <= 0 {
			return bounds[0]
		}
		return lower + (bounds[i]-lower)*rank/float64(c)
	}
	return bounds[len(bounds)-1]
}

// A Card is a group of plots.
type Card struct {
	Title string `json:"title"`
	Plots []Plot `json:"plots"`
}

// A Plot shows one metric over time, with one line per series.
type Plot struct {
	Title string `json:"title"`
	Name  string `json:"name"`
	Unit  string `json:"unit"`
	Kind  string `json:"kind"`
	Help  string `json:"help,omitempty"`
	Lines []Line `json:"lines"`
	More  int    `json:"more,omitempty"` // number of series that are left out

	Exemplars []Exemplar `json:"exemplars"` // only for histograms
}

// MetricList contains all cards with all their plots.
type MetricList struct {
	Revision uint64 `json:"revision"`
	Cards    []Card `json:"cards"`
}

const maxLines = 12 // maximum number of lines per plot

// The method cards returns the cards that Nais APM shows for a Go service, except the cards
// without metrics in the store. It adds one card with all other metrics. It leaves out the series
// of other services, unless service is "". here reports whether a trace is in the store. Exemplars
// of other traces are left out.
func (m *metrics) cards(service string, here func(tracetree.ID) bool) []Card {
	byName := map[string][]*series{}
	for _, each := range m.index {
		if service != "" && each.service != service {
			continue
		}
		name := strings.ReplaceAll(each.name, ".", "_")
		byName[name] = append(byName[name], each)
	}
	list := []Card{}
	for _, c := range cards {
		card := Card{Title: c.title}
		for _, p := range c.plots {
			var found []*series
			for _, name := range p.metrics {
				if len(found) == 0 {
					found = byName[name]
				}
				delete(byName, name)
			}
			if len(found) > 0 {
				card.Plots = append(card.Plots, plotOf(p.title, found, here))
			}
		}
		if len(card.Plots) > 0 {
			list = append(list, card)
		}
	}
	rest := Card{Title: "Other metrics"}
	for _, found := range byName {
		rest.Plots = append(rest.Plots, plotOf(found[0].name, found, here))
	}
	slices.SortFunc(rest.Plots, func(a, b Plot) int { return cmp.Compare(a.Name, b.Name) })
	if len(rest.Plots) > 0 {
		list = append(list, rest)
	}
	return list
}

func plotOf(title string, found []*series, here func(tracetree.ID) bool) Plot {
	slices.SortFunc(found, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.attributes, b.attributes))
	})
	first := found[0]
	p := Plot{Title: title, Name: first.name, Unit: unitOf(first), Kind: string(first.kind), Help: first.description, Lines: []Line{}}
	p.More = max(0, len(found)-maxLines)
	found = found[:min(len(found), maxLines)]
	for _, each := range found {
		p.Lines = append(p.Lines, each.line())
	}
	p.Exemplars = exemplarsOf(found, here)
	return p
}

// unitOf returns the unit of s. If s has no unit, unitOf uses the suffix of the name, as in
// Prometheus. If it does not recognise the suffix, it returns "".
func unitOf(s *series) string {
	name := strings.TrimSuffix(s.name, "_total")
	switch {
	case s.unit != "":
		return s.unit
	case strings.HasSuffix(name, "_bytes"):
		return "By"
	case strings.HasSuffix(name, "_seconds"):
		return "s"
	default:
		return ""
	}
}
