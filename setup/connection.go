package setup

import (
	"compress/gzip"
	"context"
	"errors"
	"net"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/scope"
	"github.com/nais/spor/setup/internal/pipeline"
)

// dial prepares the connection to the collector; it connects when something is
// sent. There is no HTTP proxy between a pod and the collector, and no service
// configuration in its DNS.
func dial(s signalSettings, watch grpc.UnaryClientInterceptor, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	security := insecure.NewCredentials()
	if s.endpoint.tls != nil {
		security = credentials.NewTLS(s.endpoint.tls)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(security),
		grpc.WithUnaryInterceptor(watch),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent("spor-go/" + scope.Version()),
		grpc.WithConnectParams(grpc.ConnectParams{
			// With its jitter the longest pause stays under four seconds, so that
			// a collector that comes back is found within five.
			Backoff:           backoff.Config{BaseDelay: 250 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
		// Five minutes is the least that a gRPC server allows by default.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute, Timeout: 20 * time.Second}),
	}
	if s.gzip {
		options = append(options, compression())
	}
	host, port, err := net.SplitHostPort(s.endpoint.address)
	if err != nil {
		return nil, err
	}
	names := hostBuilder{host, port}
	options = append(append(options, grpc.WithResolvers(names)), more...)
	return grpc.NewClient(names.Scheme()+":///"+s.endpoint.address, options...)
}

// bulk has requests of half a megabyte written in few system calls.
func bulk() grpc.DialOption {
	const bytes = 256 << 10
	return grpc.WithWriteBufferSize(bytes)
}

// compression is gzip at level 1: a third of the work of the standard level, and
// nearly its size. The compressor that gRPC's documentation prefers has one level
// for the whole process.
func compression() grpc.DialOption {
	fast, _ := grpc.NewGZIPCompressorWithLevel(gzip.BestSpeed) //nolint:staticcheck // see above; the level is valid
	return grpc.WithCompressor(fast)                           //nolint:staticcheck // see above
}

// retry is how soon an export is tried again. The exporter's timeout ends it.
var retry = otlpmetricgrpc.RetryConfig{
	Enabled:         true,
	InitialInterval: 200 * time.Millisecond,
	MaxInterval:     time.Second,
	MaxElapsedTime:  2 * longest,
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
	endpoint *endpoint
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
