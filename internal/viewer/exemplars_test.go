package viewer_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/nais/spor/internal/viewer"
	"github.com/nais/spor/internal/viewer/spantest"
)

// The function exemplar returns an exemplar of a trace, or of no trace if trace is 0.
func exemplar(trace uint64, milliseconds int, value float64) *metricspb.Exemplar {
	e := &metricspb.Exemplar{TimeUnixNano: uint64(milliseconds) * 1e6, Value: &metricspb.Exemplar_AsDouble{AsDouble: value}} //nolint:gosec // small
	if trace != 0 {
		id, span := spantest.TraceID(trace), spantest.SpanID(1)
		e.TraceId, e.SpanId = id[:], span[:]
	}
	return e
}

// The function measured returns a histogram with one data point that has these exemplars.
func measured(at int, exemplars ...*metricspb.Exemplar) *metricspb.Metric {
	m := histogramOf("h", at, uint64(at)) //nolint:gosec // small
	m.GetHistogram().GetDataPoints()[0].Exemplars = exemplars
	return m
}

func exemplarsOf(s *viewer.Store) []viewer.Exemplar { return s.Metrics("").Cards[0].Plots[0].Exemplars }

func TestExemplars(t *testing.T) {
	whole := exemplar(1, 500, 0)
	whole.Value = &metricspb.Exemplar_AsInt{AsInt: 7}
	short := exemplar(1, 500, 1)
	short.TraceId = short.TraceId[:8]
	exponential := &metricspb.Metric{Name: "h", Data: &metricspb.Metric_ExponentialHistogram{ExponentialHistogram: &metricspb.ExponentialHistogram{
		DataPoints: []*metricspb.ExponentialHistogramDataPoint{{TimeUnixNano: 1e9, Count: 1, Exemplars: []*metricspb.Exemplar{exemplar(1, 500, 3)}}},
	}}}
	counted := counter("h", 1, 1, metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE)
	counted.GetSum().GetDataPoints()[0].Exemplars = []*metricspb.Exemplar{exemplar(1, 500, 1)}
	for name, c := range map[string]struct {
		metrics []*metricspb.Metric
		want    string // traces, times and values
	}{
		"none":                        {[]*metricspb.Metric{measured(1)}, ""},
		"one":                         {[]*metricspb.Metric{measured(1, exemplar(1, 500, 2))}, "1 0.5 2"},
		"an integer":                  {[]*metricspb.Metric{measured(1, whole)}, "1 0.5 7"},
		"the largest of a point":      {[]*metricspb.Metric{measured(1, exemplar(1, 100, 2), exemplar(2, 200, 3), exemplar(1, 300, 1))}, "2 0.2 3"},
		"sent again":                  {[]*metricspb.Metric{measured(1, exemplar(1, 500, 9)), measured(2, exemplar(1, 500, 9), exemplar(2, 1500, 1))}, "1 0.5 9, 2 1.5 1"},
		"sent again, nothing new":     {[]*metricspb.Metric{measured(1, exemplar(1, 500, 9)), measured(2, exemplar(1, 500, 9))}, "1 0.5 9"},
		"without a trace":             {[]*metricspb.Metric{measured(1, exemplar(0, 500, 9), exemplar(1, 500, 1))}, "1 0.5 1"},
		"with half a trace ID":        {[]*metricspb.Metric{measured(1, short)}, ""},
		"not a number":                {[]*metricspb.Metric{measured(1, exemplar(1, 500, math.NaN()), exemplar(1, 500, math.Inf(1)))}, ""},
		"of a trace that is not here": {[]*metricspb.Metric{measured(1, exemplar(3, 500, 1)), measured(2, exemplar(2, 1500, 1))}, "2 1.5 1"},
		"exponential":                 {[]*metricspb.Metric{exponential}, "1 0.5 3"},
		"of a counter":                {[]*metricspb.Metric{counted}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf(spantest.Span{Trace: 1, ID: 1, Name: "a", To: ms}, spantest.Span{Trace: 2, ID: 1, Name: "b", To: ms})
			for _, m := range c.metrics {
				addMetrics(s, m)
			}
			var got []string
			for _, e := range exemplarsOf(s) {
				if e.Span != spantest.SpanID(1).String() {
					t.Errorf("span %s", e.Span)
				}
				for n := range uint64(4) {
					if e.Trace == spantest.TraceID(n).String() {
						got = append(got, fmt.Sprint(n, e.Time, e.Value))
					}
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A plot has few exemplars. Those with large values are among them, and they stay when new ones
// arrive.
func TestExemplarsAreBounded(t *testing.T) {
	s := storeOf(spantest.Span{Trace: 1, ID: 1, Name: "a", To: ms})
	const slow, last = 123, 300
	before := map[float64]bool{}
	lost := 0
	for i := 1; i <= last; i++ {
		value := 1.0
		if i == slow {
			value = 50
		}
		addMetrics(s, measured(i, exemplar(1, 1000*i-500, value)))
		now := map[float64]bool{}
		found := false
		for _, e := range exemplarsOf(s) {
			now[e.Time] = true
			found = found || e.Value == 50
		}
		if len(now) > 16 || found != (i >= slow) {
			t.Fatalf("after %d points: %d exemplars, the slow one is there: %t", i, len(now), found)
		}
		for at := range before {
			if !now[at] {
				lost++
			}
		}
		before = now
	}
	if lost > 100 {
		t.Errorf("%d exemplars moved while %d arrived", lost, last)
	}
}
