package db

import (
	"context"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/scope"
)

// PoolStats is the state of a pool at one moment.
type PoolStats struct {
	Used, Idle int
	// Max is how many connections there may be, 0 when that has no bound.
	Max int
	// Waits is how often a connection was waited for since the beginning, and
	// Waited how long in all.
	Waits  int64
	Waited time.Duration

	// Detailed is set for pools that know the next three.
	Detailed         bool
	Pending          int // requests that wait for a connection
	IdleMin, IdleMax int
	// Closed is set once the pool is closed: then nothing is observed.
	Closed bool
}

// A Pool measures one pool. All its methods may be called by several goroutines
// at once, and of a nil Pool, which measures nothing.
type Pool struct {
	instruments  []*poolInstruments // of each dialect
	stats        func() PoolStats
	registration metric.Registration

	mu     sync.Mutex
	waits  int64
	waited time.Duration
}

// newPool measures the pool of that name until it is closed. A nil provider means the
// global one.
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
	if p.registration, err = meter.RegisterCallback(p.observe, observed...); err != nil {
		otel.Handle(err)
	}
	return p
}

func (p *Pool) observe(_ context.Context, o metric.Observer) error {
	stats := p.stats()
	if stats.Closed {
		return nil
	}
	for _, i := range p.instruments {
		i.observe(o, stats)
	}
	p.Observe(stats)
	return nil
}

// Observe derives from stats how long connections were waited for since the last
// time: of several waits the average, as often as they were.
func (p *Pool) Observe(stats PoolStats) {
	if p == nil {
		return
	}
	n, each := p.advance(stats)
	for range n {
		for _, i := range p.instruments {
			i.record(context.Background(), i.waitTime, each)
		}
	}
}

// mostWaits bounds how many waits are recorded at once.
const mostWaits = 1000

func (p *Pool) advance(stats PoolStats) (n int64, each time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waited := stats.Waited - p.waited
	if waited <= 0 { // those that began have not ended
		return 0, 0
	}
	n = max(1, stats.Waits-p.waits)
	p.waits, p.waited = stats.Waits, stats.Waited
	return min(n, mostWaits), waited / time.Duration(n)
}

// Created records that a connection was made, and how long that took.
func (p *Pool) Created(ctx context.Context, elapsed time.Duration) {
	if p == nil {
		return
	}
	for _, i := range p.instruments {
		i.record(ctx, i.createTime, elapsed)
	}
}

// Waited records how long a connection was waited for. ctx has the span under
// which that was.
func (p *Pool) Waited(ctx context.Context, elapsed time.Duration) {
	if p == nil {
		return
	}
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

// TimedOut records that a connection was waited for in vain.
func (p *Pool) TimedOut(ctx context.Context) {
	if p == nil {
		return
	}
	for _, i := range p.instruments {
		i.timeouts.Add(ctx, 1, i.pool)
	}
}

// Close ends the measuring.
func (p *Pool) Close() error {
	if p == nil || p.registration == nil {
		return nil
	}
	return p.registration.Unregister()
}
