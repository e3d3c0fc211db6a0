package grpctrace_test

import (
	"context"
	"runtime"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// The variable less describes the same service as echo, but without methods.
var less = grpc.ServiceDesc{ServiceName: "grpc.testing.TestService", HandlerType: (*any)(nil)}

// waiting is a service. Each of its methods waits until the context of the call ends.
type waiting struct {
	testgrpc.UnimplementedTestServiceServer
}

func (waiting) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (waiting) FullDuplexCall(stream testgrpc.TestService_FullDuplexCallServer) error {
	<-stream.Context().Done()
	return stream.Context().Err()
}

func (echo) FullDuplexCall(testgrpc.TestService_FullDuplexCallServer) error { return nil }

var construct = map[string]func(...grpc.ServerOption) *grpc.Server{
	"NewServer":      grpctrace.NewServer,
	"grpc.NewServer": grpc.NewServer,
}

// secondServers describes servers that are created with the same options as another server. The
// function use calls a method that the other server has. The second server may not have this
// method.
var secondServers = map[string]struct {
	opts    []grpc.ServerOption
	service testgrpc.TestServiceServer // nil if the server has no such service
	use     func(t *testing.T, conn *grpc.ClientConn, server *grpc.Server) (calls int)
	name    string // the expected span name, or "" if any name is correct
}{
	"unknown method": {use: callMany, name: "grpc"},
	"unknown stream": {use: func(t *testing.T, conn *grpc.ClientConn, _ *grpc.Server) int {
		t.Helper()
		for range 100 {
			if got := status.Code(duplex(t.Context(), conn)); got != codes.Unimplemented {
				t.Fatalf("got %v", got)
			}
		}
		return 100
	}, name: "grpc"},
	"unknown method, canceled": {use: func(t *testing.T, conn *grpc.ClientConn, _ *grpc.Server) int {
		t.Helper()
		for range 300 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = unary(ctx, conn) }()
			runtime.Gosched()
			cancel()
			<-done
		}
		return -1 // the number is unknown, because gRPC may not have sent all calls
	}, name: "grpc"},
	"handler of unknown services": {
		opts: []grpc.ServerOption{grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			return status.Error(codes.Unimplemented, "on purpose")
		})},
		use: callMany,
	},
	"stopped in mid-call": {service: waiting{}, use: func(t *testing.T, conn *grpc.ClientConn, server *grpc.Server) int {
		t.Helper()
		done := make(chan error, 2)
		go func() { done <- unary(t.Context(), conn) }()
		go func() { done <- duplex(t.Context(), conn) }()
		for conn.GetState().String() != "READY" {
			runtime.Gosched()
		}
		server.Stop()
		for range 2 {
			if <-done == nil {
				t.Error("no error")
			}
		}
		return -1
	}},
	"health": {use: func(t *testing.T, conn *grpc.ClientConn, _ *grpc.Server) int {
		t.Helper()
		for range 10 {
			if _, err := healthgrpc.NewHealthClient(conn).Check(t.Context(), new(healthgrpc.HealthCheckRequest)); err != nil {
				t.Fatal(err)
			}
		}
		return 0
	}},
}

func unary(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, new(testgrpc.SimpleRequest))
	return err
}

func duplex(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := testgrpc.NewTestServiceClient(conn).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}

func callMany(t *testing.T, conn *grpc.ClientConn, _ *grpc.Server) int {
	t.Helper()
	for range 100 {
		if got := status.Code(unary(t.Context(), conn)); got != codes.Unimplemented {
			t.Fatalf("got %v", got)
		}
	}
	return 100
}

// TestOptionsOfSeveralServers checks two servers that are created with the same slice of options.
// The first server serves a method. Then the test calls the same method on the second server,
// which may not have it.
func TestOptionsOfSeveralServers(t *testing.T) {
	for first, makeFirst := range construct {
		for second, makeSecond := range construct {
			for name, tt := range secondServers {
				t.Run(first+" and "+second+"/"+name, func(t *testing.T) {
					sdk := oteltest.New(t)
					opts := grpctrace.ServerOptions(options(sdk)...)
					firstConn := connect(t, makeFirst(opts...), echo{})
					server := makeSecond(append(opts, tt.opts...)...)
					healthgrpc.RegisterHealthServer(server, health.NewServer())
					if tt.service == nil && tt.opts == nil {
						server.RegisterService(&less, nil)
					}
					conn := connect(t, server, tt.service)
					// This call makes the second server read its list of methods before the first
					// server serves a call.
					_, _ = healthgrpc.NewHealthClient(conn).Check(t.Context(), new(healthgrpc.HealthCheckRequest))
					call(t, firstConn)
					_ = duplex(t.Context(), firstConn)
					sdk.Wait(t, 2)
					calls := tt.use(t, conn, server)
					server.GracefulStop()
					oteltest.Eventually(t, func() bool { return sdk.Started() == len(sdk.Ended()) })
					spans := sdk.Ended()[2:]
					if calls >= 0 && len(spans) != calls {
						t.Errorf("%d spans for %d calls", len(spans), calls)
					}
					for _, span := range spans {
						if tt.name != "" && span.Name() != tt.name {
							t.Fatalf("span is named %q, want %q", span.Name(), tt.name)
						}
					}
				})
			}
		}
	}
}

func TestOptionsOfSeveralClients(t *testing.T) {
	sdk := oteltest.New(t)
	opts := grpctrace.DialOptions(options(sdk)...)
	first, second := connect(t, grpc.NewServer(), echo{}, opts...), connect(t, grpc.NewServer(), nil, opts...)
	call(t, first)
	callMany(t, second, nil)
	if got := len(sdk.Wait(t, 101)); got != 101 || sdk.Started() != 101 {
		t.Errorf("%d spans, %d started", got, sdk.Started())
	}
}
