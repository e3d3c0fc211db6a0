package sqltrace

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace/internal/dbcall"
)

// retries holds the calls that failed because their connection was bad.
// database/sql makes them again on another one, under the same context, twice at
// most; only it knows whether it does. Of two alike under one context it does not
// matter which is which.
type retries struct {
	waiting atomic.Int32
	mu      sync.Mutex
	calls   []*retry
}

type retry struct {
	*call
	outcome dbcall.Outcome
	failed  time.Time
	giveUp  *time.Timer
}

// patience is how long database/sql may take to get another connection; then the
// call has failed.
const patience = time.Second

// mostAttempts is how often database/sql makes a call: twice on any connection,
// and once on a new one.
const mostAttempts = 3

// keep holds c until it is made again, unless that was the last attempt.
func (r *retries) keep(c *call) (kept bool) {
	if c.bad++; c.bad == mostAttempts {
		return false
	}
	r.hold(c)
	return true
}

func (r *retries) hold(c *call) {
	kept := &retry{call: c, outcome: c.outcome(), failed: time.Now()}
	if c.span != nil {
		c.span.AddEvent("retry", trace.WithAttributes(kept.outcome.Attributes()...))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, kept)
	r.waiting.Store(int32(len(r.calls)))
	kept.giveUp = time.AfterFunc(patience, func() {
		if r.remove(kept) {
			kept.abandon()
		}
	})
}

// take returns the call that is made again, if query under ctx is one.
func (r *retries) take(ctx context.Context, query string) *call {
	if r.waiting.Load() == 0 {
		return nil
	}
	r.mu.Lock()
	i := slices.IndexFunc(r.calls, func(kept *retry) bool { return kept.query == query && same(kept.Context, ctx) })
	if i < 0 {
		r.mu.Unlock()
		return nil
	}
	kept := r.calls[i]
	r.mu.Unlock()
	if !r.remove(kept) {
		return nil
	}
	kept.giveUp.Stop()
	return kept.call
}

// remove reports whether kept was there.
func (r *retries) remove(kept *retry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.calls, kept)
	if i < 0 {
		return false
	}
	r.calls = slices.Delete(r.calls, i, i+1)
	r.waiting.Store(int32(len(r.calls)))
	return true
}

// abandon ends a call that was not made again, as of its failure.
func (k *retry) abandon() {
	if durations, measuring := k.engine.Durations(); measuring {
		durations.Record(k.inside, k.statement, k.outcome, k.failed.Sub(k.start))
	}
	k.end(k.outcome, trace.WithTimestamp(k.failed))
}

// same reports whether a and b are one context. Those of a type that cannot be
// compared, which panics, count as different.
func same(a, b context.Context) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}
