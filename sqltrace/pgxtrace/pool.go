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

// pools are the pools that use a tracer: one, unless the program makes them itself.
type pools struct {
	tracer  *tracer
	watched atomic.Pointer[[]*pool]

	adding sync.Mutex
	coming bool            // a pool is being made
	early  []time.Duration // what its connections took to make until it was there
}

// mostEarly bounds what is kept for a pool.
const mostEarly = 100

// pool is a pool that is measured until it is closed, or nobody has it any more.
type pool struct {
	pool    weak.Pointer[pgxpool.Pool]
	measure *db.Pool
	pending atomic.Int64
	idleMin int
	idleMax int

	closing atomic.Pointer[<-chan struct{}] // closed when the pool is; nil when that is not known
	closed  atomic.Bool
}

// watch returns p, which is measured from now on.
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

// leastIdle returns how many idle connections a pool keeps. The newer of the two
// fields is not in all versions of pgx.
func leastIdle(config *pgxpool.Config) int {
	least := int(config.MinConns)
	if v := reflect.ValueOf(config).Elem().FieldByName("MinIdleConns"); v.IsValid() && v.CanInt() {
		least = max(least, int(v.Int()))
	}
	return least
}

// stats is called at each collection.
func (w *pool) stats() db.PoolStats {
	if w.isClosed() {
		// Not from here: the SDK holds a lock that this would wait for.
		go w.measure.Close()
		return db.PoolStats{Closed: true}
	}
	s := w.pool.Value().Stat()
	if s.AcquiredConns()+s.IdleConns() == 0 && w.closing.Load() == nil {
		return db.PoolStats{Closed: true} // or never used: neither is worth a series
	}
	return db.PoolStats{
		Used: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Max: int(s.MaxConns()),
		Detailed: true, Pending: int(w.pending.Load()), IdleMin: w.idleMin, IdleMax: w.idleMax,
	}
}

// isClosed reports whether the pool is known to be closed. No method of a pool
// tells; the contexts of connections that are made for somebody end then.
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

// acquiring is a connection being waited for. It is the context that pgxpool keeps
// for it, and that a connection is made under.
type acquiring struct {
	context.Context //nolint:containedctx // it is a context

	pool  *pool
	start time.Time
}

type acquireKey struct{}

// Value returns the acquisition for its key.
func (a *acquiring) Value(key any) any {
	if key == (acquireKey{}) {
		return a
	}
	return a.Context.Value(key)
}

func acquiringOf(ctx context.Context) *acquiring {
	a, _ := ctx.Value(acquireKey{}).(*acquiring)
	return a
}

// TraceAcquireStart begins to wait for a connection.
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

// TraceAcquireEnd measures how long that took.
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
	if data.Err == puddle.ErrClosedPool { //nolint:errorlint // as pgxpool returns it
		a.pool.closed.Store(true)
		return
	}
	if o := sqldb.Classify(ctx, data.Err); o.Type == "timeout" {
		a.pool.measure.TimedOut(a.Context)
	}
}

// TraceRelease measures how long a connection was used, and ends what is open.
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

// connecting learns from the context of a connection that is made when its pool
// will be closed.
func (all *pools) connecting(ctx context.Context) {
	w := all.of(ctx)
	if w == nil || w.closing.Load() != nil || !endsWithPool(ctx) {
		return
	}
	closing := ctx.Done()
	w.closing.Store(&closing)
}

// endsWithPool reports whether ctx is of the kind that ends when the pool is closed:
// that of a connection which is made because somebody waits for one.
func endsWithPool(ctx context.Context) bool {
	t := reflect.TypeOf(ctx)
	return t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), "github.com/jackc/puddle/") && ctx.Done() != nil
}

// created measures a connection that was made.
func (all *pools) created(ctx context.Context, took time.Duration) {
	w := all.of(ctx)
	if w == nil {
		w = all.keep(took)
	}
	if w != nil {
		w.measure.Created(ctx, took)
	}
}

// keep keeps what a connection took to make that is there before its pool, which
// begins with those that are to be idle. It returns the pool if it is there by now.
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

// of returns the pool that a connection is made for: the one that waits, or the
// only one, which makes it in advance.
func (all *pools) of(ctx context.Context) *pool {
	if a := acquiringOf(ctx); a != nil {
		return a.pool
	}
	if watched := all.all(); len(watched) == 1 {
		return watched[0]
	}
	return nil
}
