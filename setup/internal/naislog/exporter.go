package naislog

import (
	"context"
	"sync/atomic"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// A Client is the connection to the collector. It also reports export problems.
type Client interface {
	// Clean returns a copy of record without personal numbers and credentials.
	Clean(record sdklog.Record) sdklog.Record
	// Send sends records in one request. If the collector accepts the request, Send calls the
	// callback taken and then returns nil. The argument rejected is the number of records in
	// the request that the collector did not accept.
	Send(ctx context.Context, records []sdklog.Record, taken func(rejected int64)) error
	// Judge returns the reason with which the records of a request are counted if Send failed
	// with err and the records are dropped. divisible is true if the collector may accept some
	// of the records.
	Judge(err error) (reason spanstats.Reason, divisible bool)
	// GaveUp reports that records are dropped. The reason is err.
	GaveUp(err error)
	// Dropped reports how many records have been dropped so far. It does nothing if it is too
	// early for the next report.
	Dropped()
	// Shutdown closes the connection.
	Shutdown(ctx context.Context) error
}

// exporter counts the records that it passes to the client.
type exporter struct {
	client  Client
	stats   *spanstats.Stats
	waiting atomic.Int64 // the number of records that the processor has not passed on yet
	pending atomic.Int64 // the number of records that are neither delivered nor dropped

	life context.Context //nolint:containedctx // ends when all exports must stop
	stop context.CancelFunc
}

// Export exports records, counts them, and reports errors itself. It always returns nil,
// because otherwise the processor would report the same error a second time.
func (e *exporter) Export(ctx context.Context, records []sdklog.Record) error {
	e.waiting.Add(-int64(len(records)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	clean := make([]sdklog.Record, len(records))
	for i := range records {
		clean[i] = e.client.Clean(records[i])
	}
	e.send(ctx, clean, pipeline.NewHalving(len(clean)))
	e.client.Dropped()
	return nil
}

// send exports records. A collector can refuse a request although it would accept some of the
// records. In this case, send splits the batch in two, and exports each half separately.
func (e *exporter) send(ctx context.Context, records []sdklog.Record, halving *pipeline.Halving) {
	err := halving.Err()
	if err == nil {
		err = e.client.Send(ctx, records, func(rejected int64) {
			halving.Accept()
			if e.claim(len(records)) {
				e.stats.Settle(rejected, len(records))
			}
		})
	}
	if err == nil {
		return
	}
	reason, divisible := e.judge(err)
	if divisible && halving.Refuse(err) && len(records) > 1 {
		middle := len(records) / 2
		e.send(ctx, records[:middle], halving)
		e.send(ctx, records[middle:], halving)
		return
	}
	if e.claim(len(records)) {
		e.stats.Drop(reason, int64(len(records)))
	}
	if reason != spanstats.AfterShutdown {
		e.client.GaveUp(err)
	}
}

// judge examines err, the error of a failed export. If the records are dropped, they are
// counted with the returned reason. divisible is true if the collector may accept some of the
// records.
func (e *exporter) judge(err error) (reason spanstats.Reason, divisible bool) {
	reason, divisible = e.client.Judge(err)
	if reason == spanstats.TimedOut && e.life.Err() != nil {
		return spanstats.AfterShutdown, divisible
	}
	return reason, divisible
}

// claim reports whether the caller must count n records. If abandon has already counted
// them, the result is false.
func (e *exporter) claim(n int) bool {
	for {
		pending := e.pending.Load()
		if pending < int64(n) {
			return false
		}
		if e.pending.CompareAndSwap(pending, pending-int64(n)) {
			return true
		}
	}
}

// abandon counts all pending records as dropped. It must be called only after the last
// call of OnEmit.
func (e *exporter) abandon() { e.stats.Drop(spanstats.AfterShutdown, e.pending.Swap(0)) }

// ForceFlush does nothing, because Export keeps no records.
func (*exporter) ForceFlush(context.Context) error { return nil }

// Shutdown closes the connection. The processor calls it after the last export.
func (e *exporter) Shutdown(ctx context.Context) error {
	defer e.stop()
	return e.client.Shutdown(ctx)
}
