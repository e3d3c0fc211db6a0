package naislog

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/setup/internal/spanstats"
)

// Processor is a batch processor that counts what the SDK's would lose in silence:
// records beyond the queue, and records after shutdown.
type Processor struct {
	*sdklog.BatchProcessor
	exporter *exporter
	queue    int64

	closed   atomic.Bool
	entering atomic.Int64 // records on their way into the SDK's
}

// NewProcessor returns a processor that exports through client and counts in stats. At
// most queue records wait.
func NewProcessor(client Client, stats *spanstats.Stats, queue int, opts ...sdklog.BatchProcessorOption) *Processor {
	e := &exporter{client: client, stats: stats}
	e.life, e.stop = context.WithCancel(context.Background())
	return &Processor{
		exporter:       e,
		queue:          int64(queue),
		BatchProcessor: sdklog.NewBatchProcessor(e, append(opts, sdklog.WithMaxQueueSize(queue))...),
	}
}

// OnEmit implements sdklog.Processor.
func (p *Processor) OnEmit(ctx context.Context, record *sdklog.Record) error {
	p.entering.Add(1)
	defer p.entering.Add(-1)
	e := p.exporter
	if p.closed.Load() {
		e.stats.Drop(spanstats.AfterShutdown, 1)
		return nil
	}
	if e.waiting.Add(1) > p.queue {
		e.waiting.Add(-1)
		e.stats.Drop(spanstats.QueueFull, 1)
		return nil
	}
	e.pending.Add(1)
	return p.BatchProcessor.OnEmit(ctx, record)
}

// ForceFlush waits until ctx ends. The SDK's processor would lose what it has not
// exported then, so it is not given ctx.
func (p *Processor) ForceFlush(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- p.BatchProcessor.ForceFlush(context.WithoutCancel(ctx)) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AfterAbort is how long the SDK's processor may take to let go of what it has once
// every export is cancelled. It needs no more than its turn on a CPU.
const AfterAbort = 500 * time.Millisecond

// Shutdown exports what waits until ctx ends, then drops the rest, and leaves no
// goroutine. The SDK's processor stops waiting when its context ends, and would leave
// its goroutine behind: it gets a little longer than the exports have.
func (p *Processor) Shutdown(ctx context.Context) error {
	p.closed.Store(true)
	for p.entering.Load() > 0 {
		runtime.Gosched()
	}
	defer p.exporter.abandon()
	defer context.AfterFunc(ctx, p.exporter.stop)()
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(AfterAbort, cancel) })()
	return p.BatchProcessor.Shutdown(longer)
}
