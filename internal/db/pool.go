package db

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/observable"
	"github.com/nais/spor/internal/scope"
)

// PoolStats is the state of a pool at one moment.
type PoolStats struct {
	Used, Idle int
	// Max is the maximum number of connections, or 0 if there is no maximum.
	Max int
	// Waits is the number of times that a caller waited for a connection. Waited is the
	// total time of these waits. Both values count from the time when the pool was opened.
	Waits  int64
	Waited time.Duration
	// OnlyWaits is true if Waits does not count callers that got a connection immediately. If no
	// caller has waited since the previous collection, one wait of zero is then recorded, because the
	// chart of the wait time would otherwise be empty.
	OnlyWaits bool

	// Detailed is true if the pool reports the next three fields.
	Detailed         bool
	Pending          int // requests that are waiting for a connection
	IdleMin, IdleMax int

	// Unused is true if the pool never had a connection. Then no metric of the pool is observed.
	Unused bool
	// State is not Open if the pool is closed, or may be closed. Then the other fields are the
	// last values of the pool.
	State observable.State
}

// A Pool measures one connection pool. Several goroutines may call its methods at the same
// time. The methods of a nil Pool do nothing.
type Pool struct {
	instruments []*poolInstruments // one per dialect
	stats       func() PoolStats
	source      *observable.Source

	mu     sync.Mutex
	waits  int64
	waited time.Duration

	recorded atomic.Bool // a wait time was recorded since the previous collection
}

// newPool starts to measure the pool with the given name. If provider is nil, the global
// provider is used. The pool is measured until [Pool.Close] is called.
func newPool(provider metric.MeterProvider, scopeName, name string, stats func() PoolStats) *Pool {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	meter := provider.Meter(scopeName, metric.WithInstrumentationVersion(scope.Version()),
		metric.WithSchemaURL(semconv.SchemaURL))
	p := &Pool{stats: stats, instruments: []*poolInstruments{newPoolInstruments(meter, stable, name)}}
	if dialect.ParseOptIn(os.Getenv(dialect.Variable))&dialect.Database == 0 {
		p.instruments = append(p.instruments, newPoolInstruments(meter, legacy, name))
	}
	var observed []metric.Observable
	for _, i := range p.instruments {
		observed = append(observed, i.connections, i.max, i.pending, i.idleMin, i.idleMax)
	}
	var err error
	if p.source, err = observable.Register(meter, p.observe, observed...); err != nil {
		otel.Handle(err)
	}
	return p
}

func (p *Pool) observe(o metric.Observer) observable.State {
	stats := p.stats()
	if stats.Unused {
		return stats.State
	}
	for _, i := range p.instruments {
		i.observe(o, stats)
	}
	p.Observe(stats)
	if !p.recorded.Swap(false) && stats.OnlyWaits {
		p.Waited(context.Background(), 0)
		p.recorded.Store(false)
	}
	return stats.State
}

// Observe records how long callers waited for a connection since the previous call of
// Observe. stats does not contain the time of each wait, only the number of waits and their
// total time. Therefore Observe calculates the average time and records it once per wait.
// One call records at most 1,000 waits.
func (p *Pool) Observe(stats PoolStats) {
	if p == nil {
		return
	}
	n, each := p.advance(stats)
	for range n {
		p.Waited(context.Background(), each)
	}
}

const mostWaits = 1000

func (p *Pool) advance(stats PoolStats) (n int64, each time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waited := stats.Waited - p.waited
	if waited <= 0 { // no wait has ended since the previous call
		return 0, 0
	}
	n = max(1, stats.Waits-p.waits)
	p.waits, p.waited = stats.Waits, stats.Waited
	return min(n, mostWaits), waited / time.Duration(n)
}

// Created records that a connection was created. elapsed is the time that this took.
func (p *Pool) Created(ctx context.Context, elapsed time.Duration) {
	if p == nil {
		return
	}
	for _, i := range p.instruments {
		i.record(ctx, i.createTime, elapsed)
	}
}

// Waited records how long a caller waited for a connection. ctx contains the span of the
// caller.
func (p *Pool) Waited(ctx context.Context, elapsed time.Duration) {
	if p == nil {
		return
	}
	p.recorded.Store(true)
	for _, i := range p.instruments {
		i.record(ctx, i.waitTime, elapsed)
	}
}

// Used records how long a connection was used.
func (p *Pool) Used(ctx context.Context, elapsed time.Duration) {
	if p == nil {
		return
	}
	for _, i := range p.instruments {
		i.record(ctx, i.useTime, elapsed)
	}
}

// TimedOut records that a caller waited for a connection and did not get one.
func (p *Pool) TimedOut(ctx context.Context) {
	if p == nil {
		return
	}
	for _, i := range p.instruments {
		i.timeouts.Add(ctx, 1, i.pool)
	}
}

// Close ends the measurement of the pool. The last values of stats are exported with the next
// metrics.
func (p *Pool) Close() {
	if p != nil {
		p.source.Close()
	}
}

// Discard ends the measurement of the pool. Its last values are not exported.
func (p *Pool) Discard() {
	if p != nil {
		p.source.Discard()
	}
}
