// Package collector connects to the collector as every exporter does, and names the cure
// for what goes wrong.
package collector

import (
	"compress/gzip"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/scope"
)

// Dial prepares the connection to the collector; it connects when something is
// sent. There is no HTTP proxy between a pod and the collector, and no service
// configuration in its DNS.
func Dial(s environ.Signal, watch grpc.UnaryClientInterceptor, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	security := insecure.NewCredentials()
	if s.Endpoint.TLS != nil {
		security = credentials.NewTLS(s.Endpoint.TLS)
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
	if s.GZIP {
		options = append(options, compression())
	}
	host, port, err := net.SplitHostPort(s.Endpoint.Address)
	if err != nil {
		return nil, err
	}
	names := hostBuilder{host, port}
	options = append(append(options, grpc.WithResolvers(names)), more...)
	return grpc.NewClient(names.Scheme()+":///"+s.Endpoint.Address, options...)
}

// compression is gzip at level 1: a third of the work of the standard level, and
// nearly its size. The compressor that gRPC's documentation prefers has one level
// for the whole process.
func compression() grpc.DialOption {
	fast, _ := grpc.NewGZIPCompressorWithLevel(gzip.BestSpeed) //nolint:staticcheck // see above; the level is valid
	return grpc.WithCompressor(fast)                           //nolint:staticcheck // see above
}
