package integration

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/test/bufconn"

	"github.com/nais/spor/grpctrace"
)

// rpcLibrary adds the tracing of one library to a client and a server.
type rpcLibrary struct {
	server []grpc.ServerOption
	client []grpc.DialOption
}

func (s sdk) rpcSpor(more ...grpctrace.Option) rpcLibrary {
	opts := append(more, grpctrace.WithTracerProvider(s.tp), grpctrace.WithMeterProvider(s.mp), grpctrace.WithPropagator(s.p))
	return rpcLibrary{grpctrace.ServerOptions(opts...), grpctrace.DialOptions(opts...)}
}

func (s sdk) rpcOtel(more ...otelgrpc.Option) rpcLibrary {
	opts := append(more, otelgrpc.WithTracerProvider(s.tp), otelgrpc.WithMeterProvider(s.mp), otelgrpc.WithPropagators(s.p))
	return rpcLibrary{
		[]grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(opts...))},
		[]grpc.DialOption{grpc.WithStatsHandler(otelgrpc.NewClientHandler(opts...))},
	}
}

// idleHandler is a stats.Handler that does nothing.
type idleHandler struct{}

func (idleHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (idleHandler) HandleRPC(context.Context, stats.RPCStats)                         {}
func (idleHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (idleHandler) HandleConn(context.Context, stats.ConnStats)                       {}

// BenchmarkGRPC measures one call, including the work of the client and the work of the server.
// The call has a parent span. The connection is a pipe in memory.
func BenchmarkGRPC(b *testing.B) {
	for kind, call := range map[string]rpcCall{
		"unary": unaryCall, "stream": streamCall,
	} {
		run := func(state, lib string, l rpcLibrary) {
			b.Run("call="+kind+"/state="+state+"/lib="+lib, func(b *testing.B) { benchmarkGRPC(b, l, call) })
		}
		run("bare", "none", rpcLibrary{})
		run("bare", "idle", rpcLibrary{[]grpc.ServerOption{grpc.StatsHandler(idleHandler{})}, []grpc.DialOption{grpc.WithStatsHandler(idleHandler{})}})
		for _, state := range states {
			s := newSDK(b, state.sampler)
			run(state.name, "spor", s.rpcSpor())
			run(state.name, "otelgrpc", s.rpcOtel())
		}
		s := newSDK(b, states[0].sampler)
		run("filtered", "spor", s.rpcSpor(grpctrace.WithFilter(func(string) bool { return false })))
		run("filtered", "otelgrpc", s.rpcOtel(otelgrpc.WithFilter(func(*stats.RPCTagInfo) bool { return false })))
	}
}

type rpcCall func(context.Context, testgrpc.TestServiceClient) error

func benchmarkGRPC(b *testing.B, lib rpcLibrary, call rpcCall) {
	b.Helper()
	l := bufconn.Listen(1 << 20)
	server := grpc.NewServer(lib.server...)
	testgrpc.RegisterTestServiceServer(server, rpcService{})
	go server.Serve(l)
	defer server.Stop()
	conn, err := grpc.NewClient("passthrough:///backend:8080", append(lib.client,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))...)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	ctx := trace.ContextWithSpanContext(b.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	client := testgrpc.NewTestServiceClient(conn)
	b.ReportAllocs()
	for b.Loop() {
		if err := call(ctx, client); err != nil {
			b.Fatal(err)
		}
	}
}

func unaryCall(ctx context.Context, client testgrpc.TestServiceClient) error {
	_, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{})
	return err
}

// streamCall makes one streaming call and receives all 100 messages.
func streamCall(ctx context.Context, client testgrpc.TestServiceClient) error {
	stream, err := client.StreamingOutputCall(ctx, &testgrpc.StreamingOutputCallRequest{})
	if err != nil {
		return err
	}
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

type rpcService struct {
	testgrpc.UnimplementedTestServiceServer
}

func (rpcService) UnaryCall(context.Context, *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	return new(testgrpc.SimpleResponse), nil
}

func (rpcService) StreamingOutputCall(_ *testgrpc.StreamingOutputCallRequest, stream testgrpc.TestService_StreamingOutputCallServer) error {
	for range 100 {
		if err := stream.Send(new(testgrpc.StreamingOutputCallResponse)); err != nil {
			return err
		}
	}
	return nil
}
