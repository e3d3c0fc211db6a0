package observable

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"
)

// series identifies a series of one instrument.
type series struct {
	instrument metric.Observable
	attributes attribute.Distinct
}

// values contains functions that report the value of a series.
type values map[series]func(metric.Observer)

func (v values) report(o metric.Observer) {
	for _, report := range v {
		report(o)
	}
}

// A recorder is a metric.Observer that stores what it observes.
type recorder struct {
	embedded.Observer

	values values
}

func (r recorder) ObserveInt64(i metric.Int64Observable, value int64, opts ...metric.ObserveOption) {
	r.values[seriesOf(i, opts)] = func(o metric.Observer) { o.ObserveInt64(i, value, opts...) }
}

func (r recorder) ObserveFloat64(i metric.Float64Observable, value float64, opts ...metric.ObserveOption) {
	r.values[seriesOf(i, opts)] = func(o metric.Observer) { o.ObserveFloat64(i, value, opts...) }
}

func seriesOf(i metric.Observable, opts []metric.ObserveOption) series {
	set := metric.NewObserveConfig(opts).Attributes()
	return series{i, set.Equivalent()}
}
