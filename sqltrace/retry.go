package sqltrace

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/internal/otelutil"
)

// retries holds the calls that failed because their connection was bad and that
// database/sql makes again. It makes at most three attempts, all with the context and
// on the goroutine of the caller. Between two of them it gets another connection; a
// call whose next attempt is not made ends when that fails.
type retries struct {
	waiting atomic.Int32
	loop    atomic.Int32 // the line of all attempts except the last; 0 until it is known
	mu      sync.Mutex
	calls   []*retry
	closed  bool // the pool is
}

type retry struct {
	*statement
	outcome   db.Outcome
	goroutine string
	failed    time.Time
	timeout   *time.Timer
	unwatch   func() bool // the context
}

const (
	// retryTimeout is when a call ends whose next attempt can no longer be expected.
	// It is only reached where database/sql gives up without a call of the driver.
	retryTimeout = time.Minute
	// doubtTimeout replaces it when a connection could not be opened for one of
	// several callers that wait for the pool: which of them failed is not known.
	doubtTimeout = time.Second
)

// follows reports whether database/sql, which called the driver, makes another attempt
// after a bad connection.
func (r *retries) follows() bool {
	line := int32(retryLine()) //nolint:gosec // no file has so many lines
	if line == 0 {
		return false
	}
	for {
		loop := r.loop.Load()
		if loop != 0 && loop <= line {
			return line == loop
		}
		if r.loop.CompareAndSwap(loop, line) {
			return true
		}
	}
}

// keep holds st, whose connection was bad, if another attempt follows. A call of the same
// goroutine that is still held is over.
func (r *retries) keep(st *statement) (kept bool) {
	end(r.removeOwn(func(*retry) bool { return true }))
	if !r.follows() || st.Err() != nil {
		return false
	}
	k := &retry{statement: st, outcome: st.outcome(), goroutine: goroutine(), failed: time.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.calls = append(r.calls, k)
	r.waiting.Store(int32(len(r.calls))) //nolint:gosec // at most one per goroutine
	giveUp := func() { end(r.remove(func(held *retry) bool { return held == k })) }
	k.timeout = time.AfterFunc(retryTimeout, giveUp)
	k.unwatch = context.AfterFunc(st.Context, giveUp)
	return true
}

// take returns the call whose next attempt is query under ctx, nil if there is none.
// Prepared statements of a transaction are tried again, too: in the same transaction, and
// each attempt may have a context of its own.
func (r *retries) take(ctx context.Context, query string, tx *tx) *statement {
	if r.waiting.Load() == 0 {
		return nil
	}
	alike := func(k *retry) bool {
		return k.query == query && k.tx == tx && (tx != nil || otelutil.Same(k.Context, ctx))
	}
	removed := r.removeOwn(alike)
	if len(removed) == 0 {
		return nil
	}
	k := removed[0]
	if k.span != nil {
		k.span.AddEvent("retry", trace.WithTimestamp(k.failed), trace.WithAttributes(k.outcome.Attributes()...))
	}
	return k.statement
}

// connecting is called before a connection is opened or reset. From then on the end of the
// context no longer ends the call under ctx of this goroutine: what comes of the
// connection does, before the call returns.
func (r *retries) connecting(ctx context.Context) {
	if r.waiting.Load() == 0 {
		return
	}
	own := r.own(func(k *retry) bool { return otelutil.Same(k.Context, ctx) })
	if own == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.calls {
		if own(k) {
			k.unwatch()
		}
	}
}

// missed ends the call under ctx of this goroutine: its next attempt was not made
// because of err, unless that is a bad connection once more.
func (r *retries) missed(ctx context.Context, err error) {
	if isBad(err) && r.follows() {
		return
	}
	end(r.removeOwn(func(k *retry) bool { return otelutil.Same(k.Context, ctx) }))
}

// connectFailed is missed for a connection that could not be opened.
func (r *retries) connectFailed(ctx context.Context, err error) {
	if r.waiting.Load() == 0 && !isBad(err) {
		return
	}
	if retryLine() != 0 {
		r.missed(ctx, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.calls {
		k.timeout.Reset(doubtTimeout)
	}
}

// connClosed ends the call of this goroutine if database/sql closes the [sql.Conn] that
// it was made on: there is no next attempt then.
func (r *retries) connClosed() {
	if r.waiting.Load() != 0 && closesConn() {
		end(r.removeOwn(func(*retry) bool { return true }))
	}
}

// close ends all calls, because the pool is closed.
func (r *retries) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	end(r.remove(func(*retry) bool { return true }))
}

// end ends calls that are not made again, as of their failure.
func end(calls []*retry) {
	for _, k := range calls {
		if durations, measuring := k.engine.Durations(); measuring {
			durations.Record(k.inside, &k.operation.Operation, k.outcome, k.failed.Sub(k.start))
		}
		k.end(k.outcome, trace.WithTimestamp(k.failed))
	}
}

// removeOwn is remove for the calls of this goroutine.
func (r *retries) removeOwn(which func(*retry) bool) []*retry {
	if own := r.own(which); own != nil {
		return r.remove(own)
	}
	return nil
}

// own returns which for the calls of this goroutine, nil if there is certainly none.
func (r *retries) own(which func(*retry) bool) func(*retry) bool {
	if r.waiting.Load() == 0 || !r.contains(which) {
		return nil
	}
	number := goroutine()
	return func(k *retry) bool { return k.goroutine == number && which(k) }
}

func (r *retries) contains(which func(*retry) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.calls, which)
}

// remove returns the calls that were held: whoever removes one ends it.
func (r *retries) remove(which func(*retry) bool) (removed []*retry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = slices.DeleteFunc(r.calls, func(k *retry) bool {
		if !which(k) {
			return false
		}
		k.timeout.Stop()
		k.unwatch()
		removed = append(removed, k)
		return true
	})
	r.waiting.Store(int32(len(r.calls))) //nolint:gosec // at most one per goroutine
	return removed
}
