// Package sporgrpc puts package grpctrace into every client and every server.
package sporgrpc

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/internal"
	"google.golang.org/grpc/internal/leakcheck"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/peers/probe"
)

// Run runs the tests of m.
func Run(m interface{ Run() int }) int {
	add()
	leakcheck.RegisterIgnoreGoroutine("sporprobe.collect")
	return probe.Run(m)
}

// ClearOptions takes the place of the functions that remove the global options. It keeps the
// options of package grpctrace.
func ClearOptions() {
	internal.ClearGlobalDialOptions()
	internal.ClearGlobalServerOptions()
	add()
}

// shared returns the options of every client and of every server.
var shared = sync.OnceValues(func() ([]grpc.DialOption, []grpc.ServerOption) {
	opts := options()
	return grpctrace.DialOptions(opts...), grpctrace.ServerOptions(opts...)
})

func add() {
	if !probe.On() {
		return
	}
	client, server := shared()
	internal.AddGlobalDialOptions.(func(...grpc.DialOption))(client...)
	internal.AddGlobalServerOptions.(func(...grpc.ServerOption))(server...)
}

// options are the options of the variant. The word "local" stands for a propagator that adds
// nothing to the metadata.
func options() []grpctrace.Option {
	var opts []grpctrace.Option
	if probe.Has("local") {
		opts = append(opts, grpctrace.WithPropagator(propagation.NewCompositeTextMapPropagator()))
	}
	if probe.Has("options") {
		opts = append(opts, grpctrace.WithPublicEndpoint(), grpctrace.WithAttributes(attribute.String("peer", "grpc")),
			grpctrace.WithExpectedCodes(codes.Unknown, codes.Canceled),
			grpctrace.WithFilter(func(method string) bool { return method != "/grpc.testing.TestService/EmptyCall" }))
	}
	return opts
}
