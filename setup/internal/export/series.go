package export

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/clean"
)

// series is a view of the data points of one metric. Each data point belongs to one series.
type series struct {
	size        int
	set         func(i int) *attribute.Set
	temporality metricdata.Temporality // 0 if the metric has none
}

// seriesOf returns the series of data, and removes the filtered attributes of the exemplars.
func seriesOf(data metricdata.Aggregation) series {
	switch d := data.(type) {
	case metricdata.Gauge[int64]:
		return numbers(d.DataPoints, 0)
	case metricdata.Gauge[float64]:
		return numbers(d.DataPoints, 0)
	case metricdata.Sum[int64]:
		return numbers(d.DataPoints, d.Temporality)
	case metricdata.Sum[float64]:
		return numbers(d.DataPoints, d.Temporality)
	case metricdata.Histogram[int64]:
		return histograms(d.DataPoints, d.Temporality)
	case metricdata.Histogram[float64]:
		return histograms(d.DataPoints, d.Temporality)
	case metricdata.ExponentialHistogram[int64]:
		return exponentials(d.DataPoints, d.Temporality)
	case metricdata.ExponentialHistogram[float64]:
		return exponentials(d.DataPoints, d.Temporality)
	case metricdata.Summary:
		return series{size: len(d.DataPoints), set: func(i int) *attribute.Set { return &d.DataPoints[i].Attributes }}
	}
	return series{}
}

func numbers[N int64 | float64](p []metricdata.DataPoint[N], t metricdata.Temporality) series {
	for i := range p {
		cleanExemplars(p[i].Exemplars)
	}
	return series{len(p), func(i int) *attribute.Set { return &p[i].Attributes }, t}
}

func histograms[N int64 | float64](p []metricdata.HistogramDataPoint[N], t metricdata.Temporality) series {
	for i := range p {
		cleanExemplars(p[i].Exemplars)
	}
	return series{len(p), func(i int) *attribute.Set { return &p[i].Attributes }, t}
}

func exponentials[N int64 | float64](p []metricdata.ExponentialHistogramDataPoint[N], t metricdata.Temporality) series {
	for i := range p {
		cleanExemplars(p[i].Exemplars)
	}
	return series{len(p), func(i int) *attribute.Set { return &p[i].Attributes }, t}
}

// cleanExemplars removes the filtered attributes of exemplars. A view has removed these
// attributes from the series, because callers of the service can choose the values of
// these attributes.
func cleanExemplars[N int64 | float64](exemplars []metricdata.Exemplar[N]) {
	for i := range exemplars {
		exemplars[i].FilteredAttributes = nil
	}
}

// clean cleans the attributes of the series. It reports whether one of the series contains the
// values of all series above the limit.
func (s series) clean(c clean.Cleaner) (isFolded bool) {
	for i := range s.size {
		set := s.set(i)
		isFolded = isFolded || isOverflow(set)
		cleanSet(c, set)
	}
	return isFolded
}

func cleanSet(c clean.Cleaner, set *attribute.Set) {
	for iter := set.Iter(); iter.Next(); {
		if a := iter.Attribute(); c.Key(a.Key) != a.Key || !c.IsCleanValue(a.Key, a.Value) {
			*set = attribute.NewSet(c.Attributes(set.ToSlice())...)
			return
		}
	}
}
