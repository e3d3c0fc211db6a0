package kafkatrace

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/nais/spor/internal/observable"
)

// mostPartitions is the maximum number of partitions whose lag is recorded.
const mostPartitions = 1000

type place struct {
	topic     string
	partition int32
}

type lags struct {
	clientID string
	card     bool

	mu       sync.Mutex
	of       map[place]*lag
	assigned iter.Seq2[string, int32]
	sources  []*observable.Source
	closed   bool
}

// A lag stores the latest lag of one partition, and the greatest lag since the last
// collection.
type lag struct {
	now, greatest int64
	attributes    metric.MeasurementOption
}

func (l *lags) assign(assigned iter.Seq2[string, int32]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.assigned = assigned
}

// set records that the lag of p is n. If mostPartitions partitions are already recorded, the
// lag of a new partition is ignored.
func (l *lags) set(p place, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of[p]
	if known == nil {
		if !l.card || l.closed || len(l.of) >= mostPartitions {
			return
		}
		if l.of == nil {
			l.of = map[place]*lag{}
		}
		known = &lag{attributes: l.attributes(p)}
		l.of[p] = known
	}
	known.now, known.greatest = n, max(n, known.greatest)
}

// attributes returns the attributes of the metric for the partition p. They have the names
// that Kafka's Java client uses.
func (l *lags) attributes(p place) metric.MeasurementOption {
	attrs := []attribute.KeyValue{attribute.String("topic", p.topic), attribute.String("partition", strconv.Itoa(int(p.partition)))}
	if l.clientID != "" {
		attrs = append(attrs, attribute.String("client-id", l.clientID))
	}
	return metric.WithAttributeSet(attribute.NewSet(attrs...))
}

// instruments makes the instruments of m, and registers the lag as a source of m.
func (l *lags) instruments(m metric.Meter) *instruments {
	made := newInstruments(m, l.card)
	if !l.card {
		return made
	}
	gauge, err := m.Int64ObservableGauge("kafka.consumer.records_lag_max",
		metric.WithDescription("The greatest number of records of the partition that were not yet fetched."))
	handle(err)
	source, err := observable.Register(m, func(o metric.Observer) observable.State {
		l.observe(o, gauge)
		return observable.Open
	}, gauge)
	handle(err)
	l.registered(source)
	return made
}

// For each partition, observe reports the greatest lag since the last collection.
func (l *lags) observe(o metric.Observer, gauge metric.Int64Observable) {
	l.retain()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, known := range l.of {
		o.ObserveInt64(gauge, known.greatest, known.attributes)
		known.greatest = known.now
	}
}

// retain removes the partitions that the consumer no longer has. It does not hold the lock
// while it calls the client.
func (l *lags) retain() {
	l.mu.Lock()
	assigned := l.assigned
	l.mu.Unlock()
	if assigned == nil {
		return
	}
	has := map[place]bool{}
	for topic, partition := range assigned {
		has[place{topic, partition}] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.of, func(p place, _ *lag) bool { return !has[p] })
}

// registered keeps s, so that close can close it.
func (l *lags) registered(s *observable.Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		s.Discard()
		return
	}
	l.sources = append(l.sources, s)
}

// close ends the measurement. The last lag of each partition is exported with the next metrics.
func (l *lags) close() {
	for _, s := range l.allSources() {
		s.Close()
	}
	l.mu.Lock()
	sources := l.sources
	l.closed, l.of, l.assigned, l.sources = true, nil, nil, nil
	l.mu.Unlock()
	for _, s := range sources {
		s.Discard() // a source that was registered in the meantime
	}
}

func (l *lags) allSources() []*observable.Source {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sources)
}
