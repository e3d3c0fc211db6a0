package dbpool

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// names are those of one dialect.
type names struct {
	prefix, connections string
	poolKey, stateKey   attribute.Key
	unit                string
	perSecond           float64 // how many of unit a second has
	boundaries          []float64
}

var (
	stable = names{
		prefix: "db.client.connection.", connections: "count",
		poolKey: "db.client.connection.pool.name", stateKey: "db.client.connection.state",
		unit: "s", perSecond: 1, boundaries: []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10},
	}
	legacy = names{
		prefix: "db.client.connections.", connections: "usage",
		poolKey: "pool.name", stateKey: "state",
		unit: "ms", perSecond: 1000, boundaries: []float64{1, 5, 10, 50, 100, 500, 1000, 5000, 10000},
	}
)

// family is the instruments of one dialect.
type family struct {
	names
	connections metric.Int64ObservableUpDownCounter
	max         metric.Int64ObservableUpDownCounter
	createTime  metric.Float64Histogram
	waitTime    metric.Float64Histogram

	pool, used, idle metric.MeasurementOption
}

func newFamily(meter metric.Meter, n names, name string) *family {
	pool := n.poolKey.String(name)
	set := func(attrs ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attrs...))
	}
	return &family{
		names:       n,
		connections: n.counter(meter, n.connections, "The number of connections that are in the state told."),
		max:         n.counter(meter, "max", "The maximum number of open connections allowed."),
		createTime:  n.histogram(meter, "create_time", "The time it took to create a new connection."),
		waitTime:    n.histogram(meter, "wait_time", "The time it took to obtain an open connection from the pool."),
		pool:        set(pool),
		used:        set(pool, n.stateKey.String("used")),
		idle:        set(pool, n.stateKey.String("idle")),
	}
}

func (n names) counter(meter metric.Meter, name, description string) metric.Int64ObservableUpDownCounter {
	counter, err := meter.Int64ObservableUpDownCounter(n.prefix+name,
		metric.WithUnit(n.connectionUnit()), metric.WithDescription(description))
	if err != nil {
		otel.Handle(err)
	}
	return counter
}

func (n names) connectionUnit() string {
	if n.unit == "s" {
		return "{connection}"
	}
	return "{connections}"
}

func (n names) histogram(meter metric.Meter, name, description string) metric.Float64Histogram {
	histogram, err := meter.Float64Histogram(n.prefix+name, metric.WithUnit(n.unit),
		metric.WithDescription(description), metric.WithExplicitBucketBoundaries(n.boundaries...))
	if err != nil {
		otel.Handle(err)
	}
	return histogram
}

func (f *family) observe(o metric.Observer, s Stats) {
	o.ObserveInt64(f.connections, int64(s.Used), f.used)
	o.ObserveInt64(f.connections, int64(s.Idle), f.idle)
	if s.Max > 0 {
		o.ObserveInt64(f.max, int64(s.Max), f.pool)
	}
}

func (f *family) record(ctx context.Context, histogram metric.Float64Histogram, elapsed time.Duration) {
	histogram.Record(ctx, elapsed.Seconds()*f.perSecond, f.pool)
}
