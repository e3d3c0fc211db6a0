package setup

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/pipeline"
)

// bulk has requests of half a megabyte written in few system calls.
func bulk() grpc.DialOption {
	const bytes = 256 << 10
	return grpc.WithWriteBufferSize(bytes)
}

// retry is how soon an export is tried again. The exporter's timeout ends it.
var retry = otlpmetricgrpc.RetryConfig{
	Enabled:         true,
	InitialInterval: 200 * time.Millisecond,
	MaxInterval:     time.Second,
	MaxElapsedTime:  2 * time.Hour, // longer than any timeout
}

// answer is what the collector said to one export.
type answer struct {
	accepted bool
	rejected int64
	message  string
}

type answerKey struct{}

// watcher sees each attempt to export a signal, where OpenTelemetry's exporters
// tell only the last.
type watcher struct {
	signal   string
	endpoint *environ.Endpoint
	reporter *reporter
}

// Outage takes the error of an export that is tried again.
func (w *watcher) Outage(err error) { w.reporter.missed(w.signal, w.endpoint, err) }

// GaveUp takes that of one that is not.
func (w *watcher) GaveUp(err error) { w.failed(err) }

// Warning takes what the collector says of an export that it took.
func (w *watcher) Warning(message string) { w.reporter.warned(w.signal, w.endpoint, message) }

// Dropped has what was lost told, if it is time.
func (w *watcher) Dropped() { w.reporter.report(false) }

// failed takes the error of an export that was given up.
func (w *watcher) failed(err error) {
	w.reporter.count(w.signal)
	w.reporter.failed(w.signal, w.endpoint, err)
}

func (w *watcher) watch(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	var header metadata.MD
	err := invoke(ctx, method, req, reply, conn, append(opts, grpc.Header(&header))...)
	if pipeline.Taken(err, header) {
		w.Warning("the response cannot be read: " + status.Convert(err).Message())
		if half, ok := reply.(proto.Message); ok {
			proto.Reset(half)
		}
		err = nil
	}
	switch code := status.Code(err); {
	case code == codes.OK:
		w.reporter.answered(w.signal)
		noteAnswer(ctx, reply)
	case code == codes.Unavailable && ctx.Err() == nil:
		w.reporter.missed(w.signal, w.endpoint, err)
	case code != codes.Canceled && code != codes.DeadlineExceeded && code != codes.Unavailable:
		w.reporter.met(w.signal)
	}
	return err
}

func noteAnswer(ctx context.Context, reply any) {
	a, ok := ctx.Value(answerKey{}).(*answer)
	if !ok {
		return
	}
	a.accepted = true
	switch r := reply.(type) {
	case *coltracepb.ExportTraceServiceResponse:
		a.rejected, a.message = r.GetPartialSuccess().GetRejectedSpans(), r.GetPartialSuccess().GetErrorMessage()
	case *colmetricspb.ExportMetricsServiceResponse:
		a.rejected, a.message = r.GetPartialSuccess().GetRejectedDataPoints(), r.GetPartialSuccess().GetErrorMessage()
	case *collogspb.ExportLogsServiceResponse:
		a.rejected, a.message = r.GetPartialSuccess().GetRejectedLogRecords(), r.GetPartialSuccess().GetErrorMessage()
	}
}

// partly reports what the collector said of an export that it took.
func (w *watcher) partly(items string, a *answer) {
	switch {
	case a.rejected > 0:
		w.failed(errors.New("collector rejected " + items + ": " + a.message))
	case a.message != "":
		w.Warning(a.message)
	}
}
