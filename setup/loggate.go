package setup

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/spanstats"
)

// logGate stands before the batch processor of log records and counts what that one
// would lose in silence: records beyond the queue, and records after shutdown.
type logGate struct {
	*sdklog.BatchProcessor
	exporter *logExporter
	queue    int64

	closed   atomic.Bool
	entering atomic.Int64 // records on their way into the processor
}

func newLogGate(e *logExporter, batch environ.Batch) *logGate {
	return &logGate{exporter: e, queue: int64(batch.Queue), BatchProcessor: sdklog.NewBatchProcessor(e,
		sdklog.WithMaxQueueSize(batch.Queue),
		sdklog.WithExportMaxBatchSize(batch.Size),
		sdklog.WithExportInterval(batch.Delay),
		sdklog.WithExportTimeout(batch.Timeout),
	)}
}

func (g *logGate) OnEmit(ctx context.Context, record *sdklog.Record) error {
	g.entering.Add(1)
	defer g.entering.Add(-1)
	e := g.exporter
	if g.closed.Load() {
		e.stats.Drop(spanstats.AfterShutdown, 1)
		return nil
	}
	if e.waiting.Add(1) > g.queue {
		e.waiting.Add(-1)
		e.stats.Drop(spanstats.QueueFull, 1)
		return nil
	}
	e.pending.Add(1)
	return g.BatchProcessor.OnEmit(ctx, record)
}

// ForceFlush waits until ctx ends. The processor would lose what it has not exported
// then, so it is not given ctx.
func (g *logGate) ForceFlush(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- g.BatchProcessor.ForceFlush(context.WithoutCancel(ctx)) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shutdown exports what waits until ctx ends, then drops the rest, and leaves no
// goroutine.
func (g *logGate) Shutdown(ctx context.Context) error {
	g.closed.Store(true)
	for g.entering.Load() > 0 {
		runtime.Gosched()
	}
	defer g.exporter.abandon()
	return patiently(ctx, g.exporter.stop, g.BatchProcessor.Shutdown)
}

// patiently calls shutdown, and abort when ctx ends. A processor of the SDK stops
// waiting when its context ends, and would leave its goroutine behind: it gets a
// little longer than the exports have.
func patiently(ctx context.Context, abort func(), shutdown func(context.Context) error) error {
	defer context.AfterFunc(ctx, abort)()
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(afterAbort, cancel) })()
	return shutdown(patient)
}
