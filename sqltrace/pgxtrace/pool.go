package pgxtrace

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/internal/observable"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// pools contains the pools that use one tracer. There can be several pools only if the
// program makes them without NewPool and NewPoolWithConfig.
type pools struct {
	tracer  *tracer
	watched atomic.Pointer[[]*pool]

	adding sync.Mutex
	coming bool            // NewPoolWithConfig is making a pool
	early  []time.Duration // creation times of connections whose pool is not known yet
}

const mostEarly = 100

// pool measures one pool until the pool is closed or garbage-collected.
type pool struct {
	pool    weak.Pointer[pgxpool.Pool]
	measure *db.Pool
	pending atomic.Int64
	idleMin int
	idleMax int
	total   atomic.Int64 // connections that are open now, or were open when the pool was closed

	// closing is the context of the pool, which ends when the pool is closed. It is nil until
	// the context is known. If it is known, closed will be set when the pool is closed.
	closing atomic.Pointer[context.Context]
	closed  atomic.Bool
}

// watch returns the measurement of p. If p is not measured yet, watch starts to measure it.
func (all *pools) watch(p *pgxpool.Pool) *pool {
	id := weak.Make(p)
	if w := all.find(id); w != nil {
		return w
	}
	all.adding.Lock()
	defer all.adding.Unlock()
	if w := all.find(id); w != nil {
		return w
	}
	config := p.Config()
	w := &pool{pool: id, idleMin: leastIdle(config), idleMax: int(config.MaxConns)}
	t := all.tracer
	w.count()
	w.measure = t.NewPool(targetOf(config.ConnConfig), w.stats)
	var open []*pool
	for _, other := range all.all() {
		if other.isClosed() {
			other.measure.Close() // nothing may collect the values of the tracer
			continue
		}
		open = append(open, other)
	}
	open = append(open, w)
	all.watched.Store(&open)
	for _, took := range all.early {
		w.measure.Created(context.Background(), took)
	}
	all.early, all.coming = nil, false
	return w
}

func (all *pools) all() []*pool {
	if watched := all.watched.Load(); watched != nil {
		return *watched
	}
	return nil
}

func (all *pools) find(id weak.Pointer[pgxpool.Pool]) *pool {
	watched := all.all()
	i := slices.IndexFunc(watched, func(w *pool) bool { return w.pool == id })
	if i < 0 {
		return nil
	}
	return watched[i]
}

// leastIdle returns the minimum number of idle connections that a pool keeps. It uses
// reflection because older versions of pgx do not have the field MinIdleConns.
func leastIdle(config *pgxpool.Config) int {
	least := int(config.MinConns)
	if v := reflect.ValueOf(config).Elem().FieldByName("MinIdleConns"); v.IsValid() && v.CanInt() {
		least = max(least, int(v.Int()))
	}
	return least
}

// stats returns the state of the pool. It is called whenever metrics are collected. If the pool
// is closed, its last values are returned. A closed pool has no connections, and Close waits
// until all connections are released. Therefore its connections count as idle.
func (w *pool) stats() db.PoolStats {
	s := db.PoolStats{Max: w.idleMax, Detailed: true, Pending: int(w.pending.Load()), IdleMin: w.idleMin, IdleMax: w.idleMax}
	if p := w.pool.Value(); p != nil {
		stat := p.Stat()
		s.Used, s.Idle = int(stat.AcquiredConns()), int(stat.IdleConns())
	}
	known := w.closing.Load() != nil
	switch {
	case w.isClosed():
		s.State = observable.Closed
	case s.Used+s.Idle == 0 && !known:
		s.State = observable.Ended // the pool is closed, or has no connections at the moment
	default:
		w.count()
		return s
	}
	total := int(w.total.Swap(0))
	s.Idle = max(0, total-s.Used)
	s.Unused = total == 0 && !known
	return s
}

// count stores the number of connections, without those that are being made. A pool does not
// report the number that it had before it was closed.
func (w *pool) count() {
	if p := w.pool.Value(); p != nil {
		stat := p.Stat()
		w.total.Store(int64(stat.AcquiredConns() + stat.IdleConns()))
	}
}

// connClosed is called when a connection of the pool is closed. If the pool is closed too, the
// connection stays part of the last values. The context of the pool may be read here, because
// the caller is in the same bubble of testing/synctest as the pool.
func (w *pool) connClosed() {
	ctx := w.closing.Load()
	if ctx == nil {
		return // it is not known whether the pool is closed
	}
	if (*ctx).Err() != nil {
		w.closed.Store(true)
		return
	}
	w.total.Add(-1)
}

// isClosed reports whether the pool is known to be closed.
func (w *pool) isClosed() bool { return w.closed.Load() || w.pool.Value() == nil }

// The type acquiring is the state of a caller that waits for a connection of a pool. It is
// also the context.Context that pgxpool uses for this caller. If a connection is made for
// the caller, the context of the connection derives from it.
type acquiring struct {
	context.Context //nolint:containedctx // acquiring is a context itself

	pool  *pool
	start time.Time
}

type acquireKey struct{}

func (a *acquiring) Value(key any) any {
	if key == (acquireKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// acquiringOf returns the value of type acquiring from which ctx derives. If ctx derives
// from no such value, acquiringOf returns nil.
func acquiringOf(ctx context.Context) *acquiring {
	a, _ := ctx.Value(acquireKey{}).(*acquiring)
	return a
}

func (t *tracer) TraceAcquireStart(ctx context.Context, p *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	if _, measuring := t.Durations(); !measuring {
		if acquiringOf(ctx) == nil {
			return ctx
		}
		return context.WithValue(ctx, acquireKey{}, (*acquiring)(nil))
	}
	a := &acquiring{Context: ctx, pool: t.pools.watch(p), start: time.Now()}
	a.pool.pending.Add(1)
	return a
}

func (t *tracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	a := acquiringOf(ctx)
	if a == nil {
		return
	}
	a.pool.pending.Add(-1)
	if data.Conn != nil {
		now := time.Now()
		t.sessionOf(data.Conn).acquired = now
		a.pool.measure.Waited(a.Context, now.Sub(a.start))
		return
	}
	if data.Err == puddle.ErrClosedPool { //nolint:errorlint // pgxpool does not wrap it
		a.pool.closed.Store(true)
		return
	}
	if o := sqldb.Classify(ctx, data.Err); o.Type == "timeout" {
		a.pool.measure.TimedOut(a.Context)
	}
}

// TraceRelease records how long a connection was used. If the connection has an open
// statement or an open transaction, TraceRelease ends the span of the statement or the
// transaction.
func (t *tracer) TraceRelease(p *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	s := t.sessionOf(data.Conn)
	s.release()
	if data.Conn.IsClosed() {
		s.wire.closes()
	}
	if s.acquired.IsZero() {
		return
	}
	used := time.Since(s.acquired)
	s.acquired = time.Time{}
	if _, measuring := t.Durations(); measuring {
		t.pools.watch(p).measure.Used(context.Background(), used)
	}
}

// pools.connecting is called while a connection is being made. ctx is the context in which
// the connection is made. The result is the pool of the connection, or nil. pgxpool has no method that reports whether a pool is closed. But
// if ctx ends when the pool is closed, connecting makes sure that the pool is then marked as
// closed. The goroutine that reads the metrics must not look at ctx, because the pool may be
// in a bubble of testing/synctest.
func (all *pools) connecting(ctx context.Context) *pool {
	w := all.of(ctx)
	if w != nil && endsWithPool(ctx) && w.closing.CompareAndSwap(nil, &ctx) {
		context.AfterFunc(ctx, func() { w.closed.Store(true) })
	}
	return w
}

// endsWithPool reports whether ctx ends when the pool is closed. Package puddle makes such
// a context when it makes a connection for a waiting caller.
func endsWithPool(ctx context.Context) bool {
	t := reflect.TypeOf(ctx)
	return t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), "github.com/jackc/puddle/") && ctx.Done() != nil
}

func (all *pools) created(ctx context.Context, took time.Duration) {
	w := all.of(ctx)
	if w == nil {
		w = all.keep(took)
	}
	if w != nil {
		w.total.Add(1)
		w.measure.Created(ctx, took)
	}
}

// keep stores the creation time of a connection whose pool is not known yet. There are such
// connections because a new pool makes its minimum number of idle connections before
// NewPoolWithConfig can measure the pool. If exactly one pool is measured now, keep stores
// nothing and returns this pool.
func (all *pools) keep(took time.Duration) *pool {
	all.adding.Lock()
	defer all.adding.Unlock()
	if watched := all.all(); len(watched) > 0 {
		return all.of(context.Background())
	}
	if all.coming && len(all.early) < mostEarly {
		all.early = append(all.early, took)
	}
	return nil
}

// pools.of finds the pool for which a connection is made. If a caller waits for the
// connection, the result is the pool of the caller. Otherwise, if exactly one pool is
// measured, the result is this pool. In all other cases, the result is nil.
func (all *pools) of(ctx context.Context) *pool {
	if a := acquiringOf(ctx); a != nil {
		return a.pool
	}
	if watched := all.all(); len(watched) == 1 {
		return watched[0]
	}
	return nil
}
