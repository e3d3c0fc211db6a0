package setup

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/scope"
)

// dial prepares the connection to the collector; it connects when something is
// sent. There is no HTTP proxy between a pod and the collector, and no service
// configuration in its DNS.
func dial(s signalSettings, watch grpc.UnaryClientInterceptor) (*grpc.ClientConn, error) {
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
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	return grpc.NewClient("dns:///"+s.endpoint.address, options...)
}

// retry is how soon an export is tried again. The exporter's timeout ends it.
var retry = otlptracegrpc.RetryConfig{
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
	reached  atomic.Bool // the collector has answered
}

// failed takes the error of an export that was given up.
func (w *watcher) failed(err error) {
	w.reporter.count(w.signal)
	w.reporter.failed(w.signal, w.endpoint, err)
}

func (w *watcher) watch(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, conn, opts...)
	switch code := status.Code(err); {
	case code == codes.OK:
		w.reached.Store(true)
		w.reporter.answered(w.signal)
		noteAnswer(ctx, reply)
	case code == codes.Unavailable && ctx.Err() == nil:
		w.reporter.failed(w.signal, w.endpoint, err)
	case code != codes.Canceled && code != codes.DeadlineExceeded && code != codes.Unavailable:
		w.reached.Store(true)
		w.reporter.met()
	}
	return err
}

func noteAnswer(ctx context.Context, reply any) {
	a, ok := ctx.Value(answerKey{}).(*answer)
	if !ok {
		return
	}
	a.accepted = true
	if r, ok := reply.(*coltracepb.ExportTraceServiceResponse); ok {
		a.rejected = r.GetPartialSuccess().GetRejectedSpans()
		a.message = r.GetPartialSuccess().GetErrorMessage()
	}
}
