package setup

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// largestRequest leaves room below the 4 MiB that a gRPC server accepts.
const largestRequest = 3_500 << 10

// exporter runs OpenTelemetry's OTLP exporter so that one span never costs its
// batch, and so that every span is settled: delivered, or dropped with a reason.
type exporter struct {
	watcher
	next     sdktrace.SpanExporter
	conn     *grpc.ClientConn
	stats   *spanstats.Stats
	rewriter *rewriter
	settled  func(spans int)

	life  context.Context //nolint:containedctx // that of the exporter: ends when exports are to be given up
	abort context.CancelFunc
}

func newExporter(s signalSettings, w *rewriter, l *spanstats.Stats, r *reporter) (*exporter, error) {
	e := &exporter{stats: l, rewriter: w, settled: func(int) {}}
	e.signal, e.endpoint, e.reporter = "traces", s.endpoint, r
	e.life, e.abort = context.WithCancel(context.Background())
	conn, err := dial(s, e.watch)
	if err != nil {
		return nil, err
	}
	e.conn = conn
	next, err := otlptrace.New(e.life, otlptracegrpc.NewClient(
		otlptracegrpc.WithGRPCConn(conn),
		otlptracegrpc.WithHeaders(s.headers),
		otlptracegrpc.WithTimeout(s.timeout),
		otlptracegrpc.WithMaxRequestSize(largestRequest),
		otlptracegrpc.WithRetry(retry),
	))
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	e.next = next
	return e, nil
}

// ExportSpans settles every span, and reports what goes wrong itself.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if e.life.Err() != nil {
		e.stats.Drop(spanstats.AfterShutdown, int64(len(spans)))
		e.settled(len(spans))
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	e.send(ctx, e.rewriter.rewrite(spans), pipeline.NewHalving(len(spans)))
	e.settled(len(spans))
	e.reporter.report(false)
	return nil
}

// send exports spans, in halves when they are refused as a whole.
func (e *exporter) send(ctx context.Context, spans []sdktrace.ReadOnlySpan, halving *pipeline.Halving) {
	answer := &answer{}
	err := halving.Hopeless()
	if err == nil {
		err = e.next.ExportSpans(context.WithValue(ctx, answerKey{}, answer), spans)
	}
	if err == nil || answer.accepted {
		halving.Accept()
		e.stats.Settle(answer.rejected, len(spans))
		e.partly("spans", answer)
		return
	}
	if divisible(err) && halving.Refuse(err) && len(spans) > 1 {
		middle := len(spans) / 2
		e.send(ctx, spans[:middle], halving)
		e.send(ctx, spans[middle:], halving)
		return
	}
	e.stats.Drop(reasonOf(e.life, err), int64(len(spans)))
	e.failed(err)
}

// tooLarge is how OpenTelemetry's exporter begins the error for a request over
// the limit, which has no type.
const tooLarge = "request message too large"

// divisible reports whether a part of the batch may fare better than the whole.
func divisible(err error) bool {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return !throttled(err) && pipeline.TooLarge(err)
	case codes.InvalidArgument:
		return true
	}
	return strings.Contains(err.Error(), tooLarge)
}

// throttled reports whether the collector asked for a pause: it is busy, and says
// nothing about the batch.
func throttled(err error) bool {
	return slices.ContainsFunc(status.Convert(err).Details(), func(detail any) bool {
		_, is := detail.(*errdetails.RetryInfo)
		return is
	})
}

// reasonOf returns why what an export had is lost. life ends when exports are to be
// given up.
func reasonOf(life context.Context, err error) spanstats.Reason {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		switch {
		case throttled(err):
		case pipeline.TooLarge(err):
			return spanstats.TooBig
		default:
			return spanstats.Rejected
		}
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted:
	case codes.Unknown:
		if strings.Contains(err.Error(), tooLarge) {
			return spanstats.TooBig
		}
	default:
		return spanstats.Rejected
	}
	if life.Err() != nil {
		return spanstats.AfterShutdown
	}
	return spanstats.TimedOut
}

// Shutdown closes the connection. The batch processor calls it once, last.
func (e *exporter) Shutdown(ctx context.Context) error {
	err := e.next.Shutdown(ctx)
	e.abort()
	return errors.Join(err, e.conn.Close())
}
