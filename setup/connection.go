package setup

import (
	"context"
	"time"

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

// answer is what the collector said to one export.
type answer struct {
	accepted bool
	rejected int64
	message  string
}

type answerKey struct{}

// watch sees each attempt, where OpenTelemetry's exporter tells only the last.
func (e *exporter) watch(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, conn, opts...)
	switch code := status.Code(err); {
	case code == codes.OK:
		e.reached.Store(true)
		e.reporter.answered()
		noteAnswer(ctx, reply)
	case code == codes.Unavailable && ctx.Err() == nil:
		e.reporter.failed(err)
	case code != codes.Canceled && code != codes.DeadlineExceeded && code != codes.Unavailable:
		e.reached.Store(true)
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
