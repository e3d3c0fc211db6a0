// Package collector makes the connection to the collector. The connection has the same
// settings for every exporter. The package also suggests what to check after a failed
// export.
package collector

import (
	"compress/gzip"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/scope"
)

// Dial prepares a connection to the collector. The connection is made when the first
// request is sent. gRPC calls the interceptor watch for every request. The connection uses
// no HTTP proxy and no service configuration from DNS, because NAIS uses neither of them
// between a pod and the collector.
func Dial(s environ.Signal, watch grpc.UnaryClientInterceptor, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	security := insecure.NewCredentials()
	if s.Endpoint.TLS != nil {
		security = newClientTLS(s.Endpoint.TLS)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(security),
		grpc.WithUnaryInterceptor(watch),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent("spor-go/" + scope.Version()),
		grpc.WithConnectParams(grpc.ConnectParams{
			// The longest pause, including the jitter, is shorter than four seconds.
			// Therefore, when the collector is back, the connection is made again within
			// five seconds.
			Backoff:           backoff.Config{BaseDelay: 250 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
		// Five minutes is the minimum that a gRPC server allows by default.
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

// compression returns the option for gzip at level 1. Level 1 takes a third of the time
// that the default level takes, and the result is nearly as small. The gRPC documentation
// recommends another compressor. That compressor is not used here, because its level can
// only be set for the whole process.
func compression() grpc.DialOption {
	fast, _ := grpc.NewGZIPCompressorWithLevel(gzip.BestSpeed) //nolint:staticcheck // see above; no error, because the level is valid
	return grpc.WithCompressor(fast)                           //nolint:staticcheck // see above
}
