package setuptest

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/recording"
)

// endTimeout is how long spans that were started may take to end.
const endTimeout = 5 * time.Second

// underway counts the spans that were started and have not ended.
type underway struct{ spans atomic.Int64 }

func (u *underway) OnStart(context.Context, sdktrace.ReadWriteSpan) { u.spans.Add(1) }
func (u *underway) OnEnd(sdktrace.ReadOnlySpan)                     { u.spans.Add(-1) }
func (u *underway) Shutdown(context.Context) error                  { return nil }
func (u *underway) ForceFlush(context.Context) error                { return nil }

// settled returns all that was recorded, once every span has ended and
// everything has been exported.
func (r *Recording) settled() []recording.Request {
	r.tb.Helper()
	deadline := time.NewTimer(endTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for r.under.spans.Load() > 0 {
		select {
		case <-tick.C:
			continue
		case <-deadline.C:
			r.tb.Errorf("%d spans have not ended after %s", r.under.spans.Load(), endTimeout)
		}
		break
	}
	r.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recording.Request(nil), r.requests...)
}

func (r *Recording) flush() {
	r.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	for _, provider := range []any{otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetLoggerProvider()} {
		flusher, ok := provider.(interface{ ForceFlush(context.Context) error })
		if !ok {
			continue
		}
		if err := flusher.ForceFlush(ctx); err != nil {
			r.tb.Error(err)
		}
	}
}
