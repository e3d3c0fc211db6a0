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

// retries stores the calls that failed because of a bad connection, until database/sql
// makes the next attempt. database/sql makes at most three attempts of a call, all on the
// same goroutine. Normally, all attempts have the same context. The comment of the method
// [retries.take] describes the exception. Between two attempts, database/sql gets another
// connection. If it gets no connection, there is no next attempt and the call ends.
type retries struct {
	waiting atomic.Int32
	loop    atomic.Int32 // the line number of all attempts except the last one; 0 if not known yet
	mu      sync.Mutex
	calls   []*retry
	closed  bool // the pool is closed
}

type retry struct {
	*statement
	outcome   db.Outcome
	goroutine string
	failed    time.Time
	timeout   *time.Timer
	unwatch   func() bool // stops watching the context
}

const (
	// retryTimeout is the time after which a stored call ends if no next attempt is made.
	// This time is reached only if database/sql gives up without calling the driver.
	retryTimeout = time.Minute
	// doubtTimeout is used instead of retryTimeout if a connection could not be opened while
	// several callers waited for the pool. In this case it is not known which of the calls
	// failed.
	doubtTimeout = time.Second
)

// follows reports whether database/sql makes another attempt if the current call of the
// driver fails because of a bad connection.
func (r *retries) follows() bool {
	line := int32(retryLine()) //nolint:gosec // no file has that many lines
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

// keep is called when the connection of st is bad. If another attempt follows, keep stores
// st and returns true. Otherwise it returns false. If this goroutine still has an earlier
// stored call, keep first ends the earlier call, because no further attempt of it can
// follow.
func (r *retries) keep(st *statement) (kept bool) {
	end(r.removeOwn(func(*retry) bool { return true }))
	if !r.follows() || st.ctx.Err() != nil {
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
	k.unwatch = context.AfterFunc(st.ctx, giveUp)
	return true
}

// take looks for a stored call whose next attempt has this query and this context. It
// removes the call and returns it, or returns nil if there is no such call. In a
// transaction, take compares the transaction instead of the context. The reason is that
// database/sql also makes further attempts for prepared statements of a transaction, and
// each of these attempts may have a different context.
func (r *retries) take(ctx context.Context, query string, tx *tx) *statement {
	if r.waiting.Load() == 0 {
		return nil
	}
	alike := func(k *retry) bool {
		return k.query == query && k.tx == tx && (tx != nil || otelutil.Same(k.ctx, ctx))
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

// retries.connecting is called before a connection is opened or reset. ctx is the context of
// the call that needs the connection. If this call is a stored call of this goroutine, the
// call no longer ends when ctx ends. Instead, the call ends if the connection fails, and
// continues if the connection succeeds.
func (r *retries) connecting(ctx context.Context) {
	if r.waiting.Load() == 0 {
		return
	}
	own := r.own(func(k *retry) bool { return otelutil.Same(k.ctx, ctx) })
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

// missed is called when err prevented the next attempt of a stored call. The call belongs
// to this goroutine and has the context ctx. Normally, missed ends the call. If err again
// means a bad connection and another attempt follows, missed does nothing.
func (r *retries) missed(ctx context.Context, err error) {
	if isBad(err) && r.follows() {
		return
	}
	end(r.removeOwn(func(k *retry) bool { return otelutil.Same(k.ctx, ctx) }))
}

// connectFailed is called when a connection could not be opened. Normally it does the same
// as [retries.missed]. The exception is a connection that the pool itself opened. In this
// case it is not known which call needed the connection. Therefore all stored calls end
// after doubtTimeout, unless they continue earlier.
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

// connClosed ends the stored call of this goroutine if database/sql closes the [sql.Conn]
// on which the call was made. Such a call has no next attempt.
func (r *retries) connClosed() {
	if r.waiting.Load() != 0 && closesConn() {
		end(r.removeOwn(func(*retry) bool { return true }))
	}
}

// close ends all stored calls, because the pool is being closed.
func (r *retries) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	end(r.remove(func(*retry) bool { return true }))
}

// end records the durations of calls that have no further attempt, and ends their spans.
// The end time is the time at which the last attempt failed.
func end(calls []*retry) {
	for _, k := range calls {
		k.answered = k.failed
		k.record(k.outcome)
		k.end(k.outcome, trace.WithTimestamp(k.failed))
	}
}

// removeOwn does the same as remove, but removes only calls of this goroutine.
func (r *retries) removeOwn(which func(*retry) bool) []*retry {
	if own := r.own(which); own != nil {
		return r.remove(own)
	}
	return nil
}

// own returns a function that reports whether a call k belongs to this goroutine and
// which(k) is true. If which returns false for every stored call, own returns nil.
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

// remove calls which(k) for every stored call k. If the result is true, remove removes the
// call k from r. It returns the removed calls, and the caller must end them.
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
