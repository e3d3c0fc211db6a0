package docs_test

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// The type service has one method for each result that the page needs. The method EmptyCall
// first fails and then succeeds. The method UnaryCall panics.
type service struct {
	testgrpc.UnimplementedTestServiceServer

	calls int
}

// EmptyCall returns an error the first time it is called. After that, it succeeds.
func (s *service) EmptyCall(context.Context, *testgrpc.Empty) (*testgrpc.Empty, error) {
	if s.calls++; s.calls == 1 {
		return nil, status.Error(codes.Unavailable, "not yet")
	}
	return &testgrpc.Empty{}, nil
}

func (*service) UnaryCall(context.Context, *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	panic("boom")
}

// The constant again is a service config that retries a call once if its status is UNAVAILABLE.
const again = `{"methodConfig": [{"name": [{"service": "grpc.testing.TestService"}], "retryPolicy": {"maxAttempts": 2,
	"initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

func TestGRPCPage(t *testing.T) {
	sdk := oteltest.New(t)
	common := []grpctrace.Option{
		grpctrace.WithTracerProvider(sdk.TracerProvider), grpctrace.WithMeterProvider(sdk.MeterProvider),
		grpctrace.WithPropagator(sdk.Propagator),
	}
	server := grpctrace.NewServer(append(grpctrace.ServerOptions(append(common, grpctrace.WithPublicEndpoint())...),
		grpc.ChainUnaryInterceptor(recovery))...)
	testgrpc.RegisterTestServiceServer(server, &service{})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	defer server.Stop()
	conn, err := grpctrace.NewClient(l.Addr().String(), append(grpctrace.DialOptions(common...),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(again))...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := testgrpc.NewTestServiceClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()

	if _, err := client.EmptyCall(ctx, &testgrpc.Empty{}); err != nil {
		t.Error(err)
	}
	if _, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{}); status.Code(err) != codes.Internal {
		t.Error(err)
	}
	unknown := testgrpc.NewUnimplementedServiceClient(conn)
	if _, err := unknown.UnimplementedCall(ctx, &testgrpc.Empty{}); status.Code(err) != codes.Unimplemented {
		t.Error(err)
	}
	oteltest.Eventually(t, func() bool { return len(sdk.Ended()) == sdk.Started() })
	compare(t, read(t, "../../../docs/grpc.md"), emitted(t, sdk, "github.com/nais/spor/grpctrace"))
}

func recovery(ctx context.Context, r any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
	defer func() {
		if recover() != nil {
			err = status.Error(codes.Internal, "internal error")
		}
	}()
	return next(ctx, r)
}
