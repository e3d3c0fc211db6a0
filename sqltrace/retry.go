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

// retries keeps the calls that failed because their connection was bad, until database/sql
// makes the next attempt. database/sql makes at most three attempts, all with the context
// and on the goroutine of the caller. Between two attempts it gets another connection. If
// that fails, there is no next attempt and the call ends.
type retries struct {
	waiting atomic.Int32
	loop    atomic.Int32 // the line number of all attempts except the last; 0 until it is known
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
	// retryTimeout is the time after which a call without a next attempt ends. It is only
	// reached if database/sql gives up without calling the driver.
	retryTimeout = time.Minute
	// doubtTimeout replaces retryTimeout after a connection could not be opened while
	// several callers waited for the pool, because it is not known which of those calls
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

// keep stores st, whose connection was bad, if another attempt follows, and reports whether
// it did. A call that this goroutine stored earlier has no further attempt, so keep ends
// it.
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

// take removes and returns the call whose next attempt is query under ctx, or nil if there
// is none. database/sql also makes further attempts for prepared statements of a
// transaction. These attempts are in the same transaction, but each may have its own
// context.
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

// connecting is called before a connection is opened or reset. After that, the end of the
// context no longer ends the stored call under ctx of this goroutine. Instead, the call
// ends if the connection fails, and continues if it succeeds.
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

// missed ends the stored call under ctx of this goroutine, because err prevented its next
// attempt. If err is again a bad connection and another attempt follows, missed does
// nothing.
func (r *retries) missed(ctx context.Context, err error) {
	if isBad(err) && r.follows() {
		return
	}
	end(r.removeOwn(func(k *retry) bool { return otelutil.Same(k.Context, ctx) }))
}

// connectFailed does the same as missed, for a connection that could not be opened. If the
// pool itself opened the connection, it is not known for which call: then all stored calls
// end after doubtTimeout, unless they continue.
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
// that the call was made on, because then there is no next attempt.
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

// end measures calls that have no further attempt, and ends their spans. Their end time is
// the time of the failure.
func end(calls []*retry) {
	for _, k := range calls {
		if durations, measuring := k.engine.Durations(); measuring {
			durations.Record(k.inside, &k.operation.Operation, k.outcome, k.failed.Sub(k.start))
		}
		k.end(k.outcome, trace.WithTimestamp(k.failed))
	}
}

// removeOwn does the same as remove, but only for the calls of this goroutine.
func (r *retries) removeOwn(which func(*retry) bool) []*retry {
	if own := r.own(which); own != nil {
		return r.remove(own)
	}
	return nil
}

// own returns a function that selects the calls of this goroutine that which selects. It
// returns nil if there can be no such call.
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

// remove removes and returns the calls that the function which selects. The caller ends
// them.
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
