package setup

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/setup/internal/spanstats"
)

// unreachedSpans is how many spans are unreachedBytes.
const unreachedSpans = unreachedBytes / spanBytes

// gate stands before the batch processor and accounts for what that one would
// lose in silence: spans beyond the queue, and spans that end after shutdown.
type gate struct {
	next     sdktrace.SpanProcessor
	exporter *exporter
	stats   *spanstats.Stats
	queue    int64

	closed   atomic.Bool
	entering atomic.Int64 // spans on their way into next
	waiting  atomic.Int64 // spans in next that the exporter has not settled
}

// flushMarks is the room in the processor's queue for the marks of flushes, each
// of which would take that of a span, which the processor drops in silence.
const flushMarks = 256

func newGate(e *exporter, batch batchSettings) *gate {
	g := &gate{exporter: e, stats: e.stats, queue: int64(batch.queue)}
	e.settled = func(spans int) { g.waiting.Add(-int64(spans)) }
	g.next = sdktrace.NewBatchSpanProcessor(e,
		sdktrace.WithMaxQueueSize(batch.queue+flushMarks),
		sdktrace.WithMaxExportBatchSize(batch.size),
		sdktrace.WithBatchTimeout(batch.delay),
		sdktrace.WithExportTimeout(batch.timeout),
	)
	return g
}

func (g *gate) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (g *gate) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	g.entering.Add(1)
	defer g.entering.Add(-1)
	if g.closed.Load() {
		g.stats.Drop(spanstats.AfterShutdown, 1)
		return
	}
	if g.waiting.Add(1) > g.room() {
		g.waiting.Add(-1)
		g.stats.Drop(spanstats.QueueFull, 1)
		return
	}
	g.next.OnEnd(span)
}

// room is how many spans may wait.
func (g *gate) room() int64 {
	if g.exporter.endpoint.platform && !g.exporter.reporter.hasReached() {
		return min(g.queue, unreachedSpans)
	}
	return g.queue
}

func (g *gate) ForceFlush(ctx context.Context) error { return g.next.ForceFlush(ctx) }

// afterAbort is how long the processor may take to let go of its spans once
// every export is cancelled. It needs no more than its turn on a processor.
const afterAbort = 500 * time.Millisecond

// Shutdown exports what waits until ctx ends, then lets the rest go, and leaves
// no goroutine.
func (g *gate) Shutdown(ctx context.Context) error {
	g.closed.Store(true)
	for g.entering.Load() > 0 {
		runtime.Gosched()
	}
	return patiently(ctx, g.exporter.abort, g.next.Shutdown)
}
