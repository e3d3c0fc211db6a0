package setuptest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// endTimeout is the maximum time that a method of [Recording] waits for spans to end.
const endTimeout = 5 * time.Second

// underway is a span processor. It counts the spans that have started but have not ended.
type underway struct{ spans atomic.Int64 }

func (u *underway) OnStart(context.Context, sdktrace.ReadWriteSpan) { u.spans.Add(1) }
func (u *underway) OnEnd(sdktrace.ReadOnlySpan)                     { u.spans.Add(-1) }
func (u *underway) Shutdown(context.Context) error                  { return nil }
func (u *underway) ForceFlush(context.Context) error                { return nil }

// wait waits until every span has ended. After endTimeout, it reports an error and returns.
func (u *underway) wait(tb testing.TB) {
	tb.Helper()
	deadline := time.NewTimer(endTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for u.spans.Load() > 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			tb.Errorf("%d spans have not ended after %s", u.spans.Load(), endTimeout)
			return
		}
	}
}
