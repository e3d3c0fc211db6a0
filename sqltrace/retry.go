package sqltrace

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/internal/otelutil"
)

// retries stores the calls that failed because of a bad connection, until database/sql
// makes the next attempt. database/sql makes at most three attempts of a call, all on the
// same goroutine. Normally, all attempts have the same context. The comment of the method
// [retries.take] describes the exception.
//
// A call is stored only if the next attempt follows immediately. If the call may have to
// wait for a connection, it ends when its connection fails, and the next attempt is a
// statement of its own. Between two attempts, database/sql gets another connection. A stored
// call ends if database/sql gets no connection, or does not use it for the call.
type retries struct {
	waiting atomic.Int32
	mu      sync.Mutex
	calls   map[string]*retry // the key is the number of the goroutine
	closed  bool              // the pool is closed
}

type retry struct {
	*statement
	outcome    db.Outcome
	goroutine  string
	failed     time.Time
	connecting bool        // the goroutine of the call opens or resets a connection
	unwatch    func() bool // stops watching the context
}

// retried reports whether database/sql immediately makes another attempt of st if the current
// call of the driver fails because of a bad connection.
func (st *statement) retried() bool {
	return st.ctx.Err() == nil && retryFollows() && (st.tx != nil || !st.engine.callersWait())
}

// keep is called when the connection of st is bad. If another attempt follows immediately,
// keep stores st and returns true. Otherwise it returns false. If this goroutine still has an
// earlier stored call, keep first ends the earlier call, because no further attempt of it can
// follow.
func (r *retries) keep(st *statement) (kept bool) {
	r.abandon()
	return st.retried() && r.add(&retry{statement: st, outcome: st.outcome(), goroutine: goroutine(), failed: time.Now()})
}

// add stores k, unless the pool is closed. If the context of k ends, k ends too.
func (r *retries) add(k *retry) (added bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if r.calls == nil {
		r.calls = map[string]*retry{}
	}
	r.calls[k.goroutine] = k
	r.waiting.Store(int32(len(r.calls))) //nolint:gosec // at most one per goroutine
	k.connecting = false
	k.unwatch = context.AfterFunc(k.ctx, func() { r.endAll(func(other *retry) bool { return other == k }) })
	return true
}

// take looks for a stored call whose next attempt has this query and this context. It
// removes the call and returns it, or returns nil if there is no such call. In a
// transaction, take compares the transaction instead of the context. The reason is that
// database/sql also makes further attempts for prepared statements of a transaction, and
// each of these attempts may have a different context.
func (r *retries) take(ctx context.Context, query string, tx *tx) *statement {
	k := r.removeOwn(func(k *retry) bool {
		return k.query == query && k.tx == tx && (tx != nil || otelutil.Same(k.ctx, ctx))
	})
	if k == nil {
		return nil
	}
	if k.span != nil {
		k.span.AddEvent("retry", trace.WithTimestamp(k.failed), trace.WithAttributes(k.outcome.Attributes()...))
	}
	return k.statement
}

// retries.connecting is called before a connection is opened or reset. ctx is the context of
// the call that needs the connection. If this call is a stored call of this goroutine, the
// call no longer ends when ctx ends. Instead, the call ends if the connection fails, and
// continues if the connection succeeds.
func (r *retries) connecting(ctx context.Context) {
	if r.waiting.Load() == 0 {
		return
	}
	number := goroutine()
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.calls[number]; k != nil && otelutil.Same(k.ctx, ctx) {
		k.connecting = true
		k.unwatch()
	}
}

// missed is called when err prevented the next attempt of a stored call. The call belongs
// to this goroutine and has the context ctx. Normally, missed ends the call. If err again
// means a bad connection and another attempt follows immediately, the call remains stored.
func (r *retries) missed(ctx context.Context, err error) {
	k := r.removeOwn(func(k *retry) bool { return otelutil.Same(k.ctx, ctx) })
	if k == nil || isBad(err) && k.retried() && r.add(k) {
		return
	}
	k.giveUp()
}

// connectFailed is called when a connection could not be opened. Normally it does the same
// as [retries.missed]. The exception is a connection that the pool itself opened. In this
// case it is not known which of the waiting calls gets the error. Therefore all stored calls
// end that may be waiting.
func (r *retries) connectFailed(ctx context.Context, err error) {
	switch {
	case r.waiting.Load() == 0:
	case retryLine() != 0:
		r.missed(ctx, err)
	default:
		r.endAll(func(k *retry) bool { return !k.connecting })
	}
}

// abandon ends the stored call of this goroutine, because no further attempt of it can
// follow.
func (r *retries) abandon() {
	if k := r.removeOwn(func(*retry) bool { return true }); k != nil {
		k.giveUp()
	}
}

// connClosed ends the stored call of this goroutine if database/sql closes the [sql.Conn]
// on which the call was made. Such a call has no next attempt.
func (r *retries) connClosed() {
	if r.waiting.Load() != 0 && closesConn() {
		r.abandon()
	}
}

// txDone ends the stored calls of tx, because tx is over.
func (r *retries) txDone(tx *tx) {
	if r.waiting.Load() != 0 {
		r.endAll(func(k *retry) bool { return k.tx == tx })
	}
}

// close ends all stored calls, because the pool is being closed.
func (r *retries) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.endAll(func(*retry) bool { return true })
}

// giveUp records the duration of a call that has no further attempt, and ends its span. The
// end time is the time at which the last attempt failed.
func (k *retry) giveUp() {
	k.answered = k.failed
	k.record(k.outcome)
	k.end(k.outcome, trace.WithTimestamp(k.failed))
}

// removeOwn removes the stored call k of this goroutine if which(k) is true, and returns it.
// Otherwise it returns nil.
func (r *retries) removeOwn(which func(*retry) bool) *retry {
	if r.waiting.Load() == 0 {
		return nil
	}
	number := goroutine()
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.calls[number]
	if k == nil || !which(k) {
		return nil
	}
	r.remove(k)
	return k
}

// endAll ends every stored call k for which which(k) is true.
func (r *retries) endAll(which func(*retry) bool) {
	var removed []*retry
	r.mu.Lock()
	for _, k := range r.calls {
		if which(k) {
			r.remove(k)
			removed = append(removed, k)
		}
	}
	r.mu.Unlock()
	for _, k := range removed {
		k.giveUp()
	}
}

func (r *retries) remove(k *retry) {
	k.unwatch()
	delete(r.calls, k.goroutine)
	r.waiting.Store(int32(len(r.calls))) //nolint:gosec // at most one per goroutine
}
