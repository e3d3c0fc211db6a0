package db

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

type poolNames struct {
	prefix, connections string
	poolKey, stateKey   attribute.Key
	unit                string
	perSecond           float64 // units per second
	boundaries          []float64
}

var (
	stable = poolNames{
		prefix: "db.client.connection.", connections: "count",
		poolKey: "db.client.connection.pool.name", stateKey: "db.client.connection.state",
		unit: "s", perSecond: 1, boundaries: []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10},
	}
	legacy = poolNames{
		prefix: "db.client.connections.", connections: "usage",
		poolKey: "pool.name", stateKey: "state",
		unit: "ms", perSecond: 1000, boundaries: []float64{1, 5, 10, 50, 100, 500, 1000, 5000, 10000},
	}
)

type poolInstruments struct {
	poolNames
	connections metric.Int64ObservableUpDownCounter
	max         metric.Int64ObservableUpDownCounter
	pending     metric.Int64ObservableUpDownCounter
	idleMin     metric.Int64ObservableUpDownCounter
	idleMax     metric.Int64ObservableUpDownCounter
	timeouts    metric.Int64Counter
	createTime  metric.Float64Histogram
	waitTime    metric.Float64Histogram
	useTime     metric.Float64Histogram

	pool, used, idle metric.MeasurementOption
	recorded         []metric.RecordOption // options for histograms, with the pool name
}

func newPoolInstruments(meter metric.Meter, n poolNames, name string) *poolInstruments {
	pool := n.poolKey.String(name)
	set := func(attrs ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attrs...))
	}
	return &poolInstruments{
		recorded:    []metric.RecordOption{set(pool)},
		poolNames:   n,
		connections: n.upDown(meter, n.connections, "connection", "The number of connections that are currently in the state described by the state attribute."),
		max:         n.upDown(meter, "max", "connection", "The maximum number of open connections allowed."),
		pending:     n.upDown(meter, "pending_requests", "request", "The number of requests for a connection that are waiting."),
		idleMin:     n.upDown(meter, "idle.min", "connection", "The minimum number of idle connections kept."),
		idleMax:     n.upDown(meter, "idle.max", "connection", "The maximum number of idle connections kept."),
		timeouts:    n.counter(meter, "timeouts", "timeout", "The number of requests for a connection that timed out."),
		createTime:  n.histogram(meter, "create_time", "The time it took to create a new connection."),
		waitTime:    n.histogram(meter, "wait_time", "The time it took to obtain an open connection from the pool."),
		useTime:     n.histogram(meter, "use_time", "The time between borrowing a connection and returning it to the pool."),
		pool:        set(pool),
		used:        set(pool, n.stateKey.String("used")),
		idle:        set(pool, n.stateKey.String("idle")),
	}
}

func (n poolNames) upDown(meter metric.Meter, name, of, description string) metric.Int64ObservableUpDownCounter {
	counter, err := meter.Int64ObservableUpDownCounter(n.prefix+name, metric.WithUnit(n.countOf(of)), metric.WithDescription(description))
	if err != nil {
		otel.Handle(err)
	}
	return counter
}

func (n poolNames) counter(meter metric.Meter, name, of, description string) metric.Int64Counter {
	counter, err := meter.Int64Counter(n.prefix+name, metric.WithUnit(n.countOf(of)), metric.WithDescription(description))
	if err != nil {
		otel.Handle(err)
	}
	return counter
}

// countOf returns the unit of a metric that counts things, such as {connection}. The older
// dialect uses the plural, such as {connections}.
func (n poolNames) countOf(thing string) string {
	if n.unit == "s" {
		return "{" + thing + "}"
	}
	return "{" + thing + "s}"
}

func (n poolNames) histogram(meter metric.Meter, name, description string) metric.Float64Histogram {
	histogram, err := meter.Float64Histogram(n.prefix+name, metric.WithUnit(n.unit),
		metric.WithDescription(description), metric.WithExplicitBucketBoundaries(n.boundaries...))
	if err != nil {
		otel.Handle(err)
	}
	return histogram
}

func (i *poolInstruments) observe(o metric.Observer, s PoolStats) {
	o.ObserveInt64(i.connections, int64(s.Used), i.used)
	o.ObserveInt64(i.connections, int64(s.Idle), i.idle)
	if s.Max > 0 {
		o.ObserveInt64(i.max, int64(s.Max), i.pool)
	}
	if s.Detailed {
		o.ObserveInt64(i.pending, int64(s.Pending), i.pool)
		o.ObserveInt64(i.idleMin, int64(s.IdleMin), i.pool)
		o.ObserveInt64(i.idleMax, int64(s.IdleMax), i.pool)
	}
}

func (i *poolInstruments) record(ctx context.Context, histogram metric.Float64Histogram, elapsed time.Duration) {
	histogram.Record(ctx, elapsed.Seconds()*i.perSecond, i.recorded...)
}
