package grpctrace_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/test/bufconn"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// options returns the options that make grpctrace use sdk. The options in the parameter more come
// after them.
func options(sdk *oteltest.SDK, more ...grpctrace.Option) []grpctrace.Option {
	return append([]grpctrace.Option{
		grpctrace.WithTracerProvider(sdk.TracerProvider),
		grpctrace.WithMeterProvider(sdk.MeterProvider),
		grpctrace.WithPropagator(sdk.Propagator),
	}, more...)
}

type echo struct {
	testgrpc.UnimplementedTestServiceServer
}

func (echo) UnaryCall(context.Context, *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	return new(testgrpc.SimpleResponse), nil
}

// connect starts server and returns a client connection to this server. If service is not nil,
// connect first registers it.
func connect(t *testing.T, server *grpc.Server, service testgrpc.TestServiceServer, client ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	if service != nil {
		testgrpc.RegisterTestServiceServer(server, service)
	}
	go server.Serve(l)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///backend:8080", append(client,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func call(t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	callUnder(t, t.Context(), conn)
}

func callUnder(t *testing.T, ctx context.Context, conn *grpc.ClientConn) { //nolint:revive // t comes first
	t.Helper()
	if _, err := testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, new(testgrpc.SimpleRequest)); err != nil {
		t.Fatal(err)
	}
}
