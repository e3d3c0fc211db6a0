package export

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

	"github.com/nais/spor/internal/collector"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/pipeline"
)

// Bulk returns an option for a large write buffer. With this buffer, a request of half a
// megabyte needs few system calls.
func Bulk() grpc.DialOption {
	const bytes = 256 << 10
	return grpc.WithWriteBufferSize(bytes)
}

// Retry configures how an exporter tries a failed export again. The attempts end when the
// exporter's timeout is over.
var Retry = otlpmetricgrpc.RetryConfig{
	Enabled:         true,
	InitialInterval: 200 * time.Millisecond,
	MaxInterval:     time.Second,
	MaxElapsedTime:  2 * time.Hour, // longer than every possible timeout
}

// An Answer is the collector's response to one export.
type Answer struct {
	Accepted bool
	Rejected int64
	Message  string
}

type answerKey struct{}

// WithAnswer returns a context for one export. The response to this export is stored in a.
func WithAnswer(ctx context.Context, a *Answer) context.Context {
	return context.WithValue(ctx, answerKey{}, a)
}

// A Watcher records the result of every attempt to export a signal. It is needed because
// OpenTelemetry's exporters report only the last attempt.
type Watcher struct {
	Signal   string
	Endpoint *environ.Endpoint
	Reporter *Reporter
	contact  *collector.Contact
}

// NewWatcher returns a Watcher that reports to r.
func NewWatcher(signal string, e *environ.Endpoint, r *Reporter) Watcher {
	return Watcher{Signal: signal, Endpoint: e, Reporter: r, contact: r.contactOf(signal)}
}

// Dial prepares a connection for the signal s. The Watcher watches this connection.
func (w *Watcher) Dial(s environ.Signal, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	return collector.Dial(s, w.Watch, append(more, grpc.WithStatsHandler(w.contact))...)
}

// recently is the time for which there is hope that a lost collector comes back soon.
const recently = 30 * time.Second

// WasReachable reports whether there is a connection to the collector, or was one in the last
// 30 seconds, or whether the first attempt to connect was in the last 30 seconds. It returns
// false if the collector is the platform's default and has never answered.
func (w *Watcher) WasReachable() bool { return w.Reporter.wasReachable(w.Signal) }

// Outage reports err, the error of an export that will be tried again.
func (w *Watcher) Outage(err error) { w.Reporter.missed(w.Signal, w.Endpoint, err) }

// GaveUp counts an export that was given up. It reports err as the reason.
func (w *Watcher) GaveUp(err error) {
	w.Reporter.count(w.Signal)
	w.Reporter.failed(w.Signal, w.Endpoint, err)
}

// Warning reports a warning from the collector about an export that the collector accepted.
func (w *Watcher) Warning(message string) { w.Reporter.warned(w.Signal, w.Endpoint, message) }

// Dropped logs how many spans and log records were dropped, if a line is due.
func (w *Watcher) Dropped() { w.Reporter.Report(false) }

// Watch is the interceptor of the gRPC connection.
func (w *Watcher) Watch(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
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
		w.Reporter.answered(w.Signal)
		noteAnswer(ctx, reply)
	case code == codes.Unavailable && ctx.Err() == nil:
		w.Reporter.missed(w.Signal, w.Endpoint, err)
	case code != codes.Canceled && code != codes.DeadlineExceeded && code != codes.Unavailable:
		w.Reporter.met(w.Signal)
	}
	return err
}

func noteAnswer(ctx context.Context, reply any) {
	a, ok := ctx.Value(answerKey{}).(*Answer)
	if !ok {
		return
	}
	a.Accepted = true
	switch r := reply.(type) {
	case *coltracepb.ExportTraceServiceResponse:
		a.Rejected, a.Message = r.GetPartialSuccess().GetRejectedSpans(), r.GetPartialSuccess().GetErrorMessage()
	case *colmetricspb.ExportMetricsServiceResponse:
		a.Rejected, a.Message = r.GetPartialSuccess().GetRejectedDataPoints(), r.GetPartialSuccess().GetErrorMessage()
	case *collogspb.ExportLogsServiceResponse:
		a.Rejected, a.Message = r.GetPartialSuccess().GetRejectedLogRecords(), r.GetPartialSuccess().GetErrorMessage()
	}
}

// Partly reports the rejected items and the message in the response to an export that the
// collector accepted.
func (w *Watcher) Partly(items string, a *Answer) {
	switch {
	case a.Rejected > 0:
		w.GaveUp(errors.New("collector rejected " + items + ": " + a.Message))
	case a.Message != "":
		w.Warning(a.Message)
	}
}
