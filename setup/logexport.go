package setup

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/collector"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// logExporter sends clean log records over OTLP and reports trouble itself.
type logExporter struct {
	watcher
	sdklog.Exporter
	conn    *grpc.ClientConn
	stats   *spanstats.Stats
	waiting atomic.Int64 // records that the processor has, and the exporter was not given
	pending atomic.Int64 // records that are neither delivered nor dropped

	life context.Context //nolint:containedctx // that of the exporter: ends when exports are to be given up
	stop context.CancelFunc
}

func newLogExporter(ctx context.Context, s environ.Signal, l *spanstats.Stats, r *reporter) (*logExporter, error) {
	e := &logExporter{stats: l}
	e.signal, e.endpoint, e.reporter = "logs", s.Endpoint, r
	e.life, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	conn, err := collector.Dial(s, e.watch)
	if err != nil {
		return nil, err
	}
	e.conn = conn
	e.Exporter, err = otlploggrpc.New(ctx,
		otlploggrpc.WithGRPCConn(conn),
		otlploggrpc.WithHeaders(s.Headers),
		otlploggrpc.WithTimeout(s.Timeout),
		otlploggrpc.WithMaxRequestSize(largestRequest),
		otlploggrpc.WithRetry(otlploggrpc.RetryConfig(retry)),
	)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

// Export counts every record, and reports what goes wrong itself. It never fails for
// the processor, which would report it once more.
func (e *logExporter) Export(ctx context.Context, records []sdklog.Record) error {
	e.waiting.Add(-int64(len(records)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	clean := make([]sdklog.Record, len(records))
	for i := range records {
		clean[i] = cleanRecord(records[i])
	}
	e.send(ctx, clean, pipeline.NewHalving(len(clean)))
	e.reporter.report(false)
	return nil
}

// send exports records, in halves when they are refused as a whole.
func (e *logExporter) send(ctx context.Context, records []sdklog.Record, halving *pipeline.Halving) {
	answer := &answer{}
	err := halving.Hopeless()
	if err == nil {
		err = e.Exporter.Export(context.WithValue(ctx, answerKey{}, answer), records)
	}
	if err == nil || answer.accepted {
		halving.Accept()
		if e.claim(len(records)) {
			e.stats.Settle(answer.rejected, len(records))
		}
		e.partly("log records", answer)
		return
	}
	if divisible(err) && halving.Refuse(err) && len(records) > 1 {
		middle := len(records) / 2
		e.send(ctx, records[:middle], halving)
		e.send(ctx, records[middle:], halving)
		return
	}
	reason := reasonOf(e.life, err)
	if e.claim(len(records)) {
		e.stats.Drop(reason, int64(len(records)))
	}
	if reason != spanstats.AfterShutdown {
		e.failed(err)
	}
}

// claim reports whether n records are to be counted: abandon may have done it.
func (e *logExporter) claim(n int) bool {
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

// abandon counts everything that is pending as lost. No more may come.
func (e *logExporter) abandon() { e.stats.Drop(spanstats.AfterShutdown, e.pending.Swap(0)) }

// Shutdown closes the connection. The processor calls it after the last export.
func (e *logExporter) Shutdown(ctx context.Context) error {
	err := e.Exporter.Shutdown(ctx)
	e.stop()
	return errors.Join(err, e.conn.Close())
}

// cleanRecord returns a copy of r with clean texts. The processor's own is not
// changed: others may have it.
func cleanRecord(r sdklog.Record) sdklog.Record {
	r = r.Clone()
	r.SetBody(clean.Value("", r.Body()))
	r.SetSeverityText(clean.Text(r.SeverityText()))
	attrs := make([]attribute.KeyValue, 0, r.AttributesLen())
	r.WalkAttributes(func(a attribute.KeyValue) bool {
		attrs = append(attrs, a)
		return true
	})
	r.SetAttributes(clean.Attributes(attrs)...)
	return r
}
