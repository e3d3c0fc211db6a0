package grpctrace_test

import (
	"testing"

	"google.golang.org/grpc"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance/grpcsuite"
)

func TestConformance(t *testing.T) {
	grpcsuite.Run(t, grpcsuite.RPC{
		Server: func(opts []grpctrace.Option, more ...grpc.ServerOption) *grpc.Server {
			return grpctrace.NewServer(append(grpctrace.ServerOptions(opts...), more...)...)
		},
		Client: func(target string, opts []grpctrace.Option, more ...grpc.DialOption) (*grpc.ClientConn, error) {
			return grpctrace.NewClient(target, append(grpctrace.DialOptions(opts...), more...)...)
		},
	})
}

// TestConformanceElsewhere runs the suite with servers and clients that grpc.NewServer and
// grpc.NewClient create with the options of this package.
func TestConformanceElsewhere(t *testing.T) {
	grpcsuite.Run(t, grpcsuite.RPC{
		Server: func(opts []grpctrace.Option, more ...grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(more, grpctrace.ServerOptions(opts...)...)...)
		},
		Client: func(target string, opts []grpctrace.Option, more ...grpc.DialOption) (*grpc.ClientConn, error) {
			return grpc.NewClient(target, append(grpctrace.DialOptions(opts...), more...)...)
		},
	})
}

// TestConformanceOfLateAttributes runs the suite with a provider like the provider of package
// setup, which permits to set attributes at the end of a span.
func TestConformanceOfLateAttributes(t *testing.T) {
	grpcsuite.Run(t, grpcsuite.RPC{
		Late: true,
		Server: func(opts []grpctrace.Option, more ...grpc.ServerOption) *grpc.Server {
			return grpctrace.NewServer(append(grpctrace.ServerOptions(opts...), more...)...)
		},
		Client: func(target string, opts []grpctrace.Option, more ...grpc.DialOption) (*grpc.ClientConn, error) {
			return grpctrace.NewClient(target, append(grpctrace.DialOptions(opts...), more...)...)
		},
	})
}
