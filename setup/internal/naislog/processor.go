package naislog

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/setup/internal/spanstats"
)

// Processor is a batch processor that counts all dropped records. The SDK's own processor
// drops a record without a report in two cases: if its queue is full, and after Shutdown.
type Processor struct {
	*sdklog.BatchProcessor
	exporter *exporter
	queue    int64

	closed   atomic.Bool
	entering atomic.Int64 // the number of calls of OnEmit that have not returned
}

// NewProcessor returns a processor that exports records through client and counts them in
// stats. queue is the maximum number of records that wait for export.
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

// ForceFlush exports all waiting records. If ctx ends first, ForceFlush returns, but the export
// continues. The SDK's processor would drop its records when its context ends. Therefore
// ForceFlush does not pass ctx to that processor.
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

// AfterAbort is how long the SDK's processor may take to release its records after all
// exports were canceled. To release the records, it only needs CPU time.
const AfterAbort = 500 * time.Millisecond

// Shutdown exports the waiting records. When ctx ends, Shutdown drops the remaining records.
// When Shutdown has returned, no goroutine of the processor is running. The SDK's processor
// would leave a goroutine if its context ended before its exports return. Therefore Shutdown
// gives the SDK's processor a longer context: that context ends when ctx has ended and then the
// duration AfterAbort has passed.
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
