//go:build !race

package grpctrace_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

var parent = trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
	TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
}))

// callAllocs returns the number of allocations of a unary call. It counts the allocations of the
// client and of the server together.
func callAllocs(t *testing.T, ctx context.Context, server []grpc.ServerOption, client []grpc.DialOption) float64 { //nolint:revive // t comes first
	t.Helper()
	conn := connect(t, grpc.NewServer(server...), echo{}, client...)
	request, stub := new(testgrpc.SimpleRequest), testgrpc.NewTestServiceClient(conn)
	return testing.AllocsPerRun(2000, func() {
		if _, err := stub.UnaryCall(ctx, request); err != nil {
			t.Fatal(err)
		}
	})
}

func kit(t *testing.T, ctx context.Context, opts ...grpctrace.Option) float64 { //nolint:revive // t comes first
	t.Helper()
	return callAllocs(t, ctx, grpctrace.ServerOptions(opts...), grpctrace.DialOptions(opts...))
}

func rival(t *testing.T, ctx context.Context, sdk *oteltest.SDK, opts ...otelgrpc.Option) float64 { //nolint:revive // t comes first
	t.Helper()
	opts = append(opts, otelgrpc.WithTracerProvider(sdk.TracerProvider),
		otelgrpc.WithMeterProvider(sdk.MeterProvider), otelgrpc.WithPropagators(sdk.Propagator))
	return callAllocs(t, ctx, []grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(opts...))},
		[]grpc.DialOption{grpc.WithStatsHandler(otelgrpc.NewClientHandler(opts...))})
}

func atMost(t *testing.T, what string, got, want float64) {
	t.Helper()
	t.Logf("%s: %v allocations, at most %v allowed", what, got, want)
	if got > want {
		t.Errorf("%s: %v allocations, want at most %v", what, got, want)
	}
}

func TestCallAllocatesLessThanOtelgrpc(t *testing.T) {
	for name, sampler := range map[string]sdktrace.Sampler{
		"sampled":       sdktrace.ParentBased(sdktrace.AlwaysSample()),
		"never sampled": sdktrace.NeverSample(),
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.NewSilent(t, sampler)
			atMost(t, name, kit(t, parent, options(sdk)...), rival(t, parent, sdk)-20)
			late := grpctrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider))
			atMost(t, name+", attributes at the end", kit(t, parent, options(sdk, late)...), rival(t, parent, sdk)-24)
		})
	}
}

type idle struct{}

func (idle) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (idle) HandleRPC(context.Context, stats.RPCStats)                         {}
func (idle) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (idle) HandleConn(context.Context, stats.ConnStats)                       {}

func TestFilteredCallAllocatesLittle(t *testing.T) {
	ctx, sdk := context.Background(), oteltest.New(t)
	server, client := []grpc.ServerOption{grpc.StatsHandler(idle{})}, []grpc.DialOption{grpc.WithStatsHandler(idle{})}
	want := callAllocs(t, ctx, server, client)
	nothing := options(sdk, grpctrace.WithFilter(func(string) bool { return false }))
	atMost(t, "both sides", kit(t, ctx, nothing...), want+5) // the server also looks for the trace context of the caller
	t.Logf("a stats.Handler that does nothing: %v; server filtered: %v; client filtered: %v", want,
		callAllocs(t, ctx, grpctrace.ServerOptions(nothing...), client), callAllocs(t, ctx, server, grpctrace.DialOptions(nothing...)))

	most := rival(t, parent, sdk, otelgrpc.WithFilter(func(*stats.RPCTagInfo) bool { return false }))
	atMost(t, "with a trace context to send on", kit(t, parent, nothing...), most)
}

func TestCallWithoutSDKAllocatesNothing(t *testing.T) {
	bare := callAllocs(t, parent, nil, nil)
	noop := []grpctrace.Option{
		grpctrace.WithTracerProvider(tracenoop.NewTracerProvider()),
		grpctrace.WithMeterProvider(metricnoop.NewMeterProvider()),
	}
	atMost(t, "no-op", kit(t, parent, noop...), bare)
	t.Logf("no-op, but a trace context to send on: %v", kit(t, parent, append(noop, grpctrace.WithPropagator(oteltest.W3C))...))
	t.Logf("until an SDK is installed: %v", kit(t, parent))
}
