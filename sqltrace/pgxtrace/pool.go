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
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// pools contains the pools that use one tracer. There are several only if the program makes
// the pools itself.
type pools struct {
	tracer  *tracer
	watched atomic.Pointer[[]*pool]

	adding sync.Mutex
	coming bool            // NewPoolWithConfig is making a pool
	early  []time.Duration // creation times of connections that are older than their pool
}

// mostEarly is the maximum number of creation times in early.
const mostEarly = 100

// pool is a pool that is measured until it is closed or garbage-collected.
type pool struct {
	pool    weak.Pointer[pgxpool.Pool]
	measure *db.Pool
	pending atomic.Int64
	idleMin int
	idleMax int

	closing atomic.Pointer[<-chan struct{}] // is closed when the pool is closed; nil if not known
	closed  atomic.Bool
}

// watch returns the pool for p. It starts to measure p if p is not measured yet.
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
	w.measure = t.NewPool(targetOf(config.ConnConfig), w.stats)
	var open []*pool
	for _, other := range all.all() {
		if !other.isClosed() {
			open = append(open, other)
		}
	}
	open = append(open, w)
	all.watched.Store(&open)
	for _, took := range all.early {
		w.measure.Created(context.Background(), took)
	}
	all.early, all.coming = nil, false
	return w
}

// all returns the pools that are measured.
func (all *pools) all() []*pool {
	if watched := all.watched.Load(); watched != nil {
		return *watched
	}
	return nil
}

// find returns the pool with this ID, nil if the pool is not measured.
func (all *pools) find(id weak.Pointer[pgxpool.Pool]) *pool {
	watched := all.all()
	i := slices.IndexFunc(watched, func(w *pool) bool { return w.pool == id })
	if i < 0 {
		return nil
	}
	return watched[i]
}

// leastIdle returns the minimum number of idle connections of a pool. It uses reflection
// because older versions of pgx do not have the field MinIdleConns.
func leastIdle(config *pgxpool.Config) int {
	least := int(config.MinConns)
	if v := reflect.ValueOf(config).Elem().FieldByName("MinIdleConns"); v.IsValid() && v.CanInt() {
		least = max(least, int(v.Int()))
	}
	return least
}

// stats returns the state of the pool. It is called at each collection.
func (w *pool) stats() db.PoolStats {
	if w.isClosed() {
		// Close must run in another goroutine, because it waits for a lock that the SDK
		// holds here.
		go w.measure.Close()
		return db.PoolStats{Closed: true}
	}
	s := w.pool.Value().Stat()
	if s.AcquiredConns()+s.IdleConns() == 0 && w.closing.Load() == nil {
		return db.PoolStats{Closed: true} // closed or never used; neither gets a series
	}
	return db.PoolStats{
		Used: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Max: int(s.MaxConns()),
		Detailed: true, Pending: int(w.pending.Load()), IdleMin: w.idleMin, IdleMax: w.idleMax,
	}
}

// isClosed reports whether the pool is known to be closed. pgxpool has no method for this.
// However, if a caller waits while its connection is made, the context of that connection
// ends when the pool is closed.
func (w *pool) isClosed() bool {
	if closing := w.closing.Load(); closing != nil && !w.closed.Load() {
		select {
		case <-*closing:
			w.closed.Store(true)
		default:
		}
	}
	return w.closed.Load() || w.pool.Value() == nil
}

// acquiring is a caller that waits for a connection of a pool. It is also the context that
// pgxpool keeps for the caller. A connection that is made for the caller derives its context
// from it.
type acquiring struct {
	context.Context //nolint:containedctx // acquiring is a context itself

	pool  *pool
	start time.Time
}

type acquireKey struct{}

// Value returns a for the key acquireKey.
func (a *acquiring) Value(key any) any {
	if key == (acquireKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// acquiringOf returns the acquiring that ctx derives from, nil if there is none.
func acquiringOf(ctx context.Context) *acquiring {
	a, _ := ctx.Value(acquireKey{}).(*acquiring)
	return a
}

// TraceAcquireStart counts a caller that waits for a connection.
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

// TraceAcquireEnd records how long the caller waited.
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

// TraceRelease records how long a connection was used. If a statement or a transaction is
// still open, TraceRelease ends its span.
func (t *tracer) TraceRelease(p *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	s := t.sessionOf(data.Conn)
	s.release()
	if s.acquired.IsZero() {
		return
	}
	used := time.Since(s.acquired)
	s.acquired = time.Time{}
	if _, measuring := t.Durations(); measuring {
		t.pools.watch(p).measure.Used(context.Background(), used)
	}
}

// connecting stores the channel that is closed when the pool is closed. ctx is the context
// of a connection that is being made. The channel is the Done channel of ctx.
func (all *pools) connecting(ctx context.Context) {
	w := all.of(ctx)
	if w == nil || w.closing.Load() != nil || !endsWithPool(ctx) {
		return
	}
	closing := ctx.Done()
	w.closing.Store(&closing)
}

// endsWithPool reports whether ctx ends when the pool is closed. Such a context is made by
// package puddle, for a connection that a caller waits for.
func endsWithPool(ctx context.Context) bool {
	t := reflect.TypeOf(ctx)
	return t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), "github.com/jackc/puddle/") && ctx.Done() != nil
}

// created records the time that it took to make a connection.
func (all *pools) created(ctx context.Context, took time.Duration) {
	w := all.of(ctx)
	if w == nil {
		w = all.keep(took)
	}
	if w != nil {
		w.measure.Created(ctx, took)
	}
}

// keep stores the creation time of a connection that was made before its pool is known. This
// occurs because a new pool first makes its minimum of idle connections. If the pool is
// known now, keep returns the pool instead.
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

// of returns the pool for which a connection is made. If no caller waits for the connection,
// of returns the only pool, or nil if there are several pools.
func (all *pools) of(ctx context.Context) *pool {
	if a := acquiringOf(ctx); a != nil {
		return a.pool
	}
	if watched := all.all(); len(watched) == 1 {
		return watched[0]
	}
	return nil
}
