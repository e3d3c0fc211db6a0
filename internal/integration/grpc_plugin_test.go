package integration

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats/opentelemetry"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// flaky fails the first attempt of each call.
type flaky struct {
	testgrpc.UnimplementedTestServiceServer

	attempts int
}

func (s *flaky) UnaryCall(context.Context, *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	if s.attempts++; s.attempts == 1 {
		return nil, status.Error(codes.Unavailable, "try again")
	}
	return new(testgrpc.SimpleResponse), nil
}

// TestPluginOfGRPC checks that gRPC's own plugin measures attempts, and that grpctrace still makes one
// span for the call on the client. docs/grpc.md recommends to use both.
func TestPluginOfGRPC(t *testing.T) {
	sdk := oteltest.New(t)
	own := []grpctrace.Option{grpctrace.WithTracerProvider(sdk.TracerProvider), grpctrace.WithMeterProvider(sdk.MeterProvider), grpctrace.WithPropagator(sdk.Propagator)}
	plugin := opentelemetry.Options{MetricsOptions: opentelemetry.MetricsOptions{MeterProvider: sdk.MeterProvider}}
	server := grpctrace.NewServer(append(grpctrace.ServerOptions(own...), opentelemetry.ServerOption(plugin))...)
	testgrpc.RegisterTestServiceServer(server, &flaky{})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	conn, err := grpctrace.NewClient(l.Addr().String(), append(grpctrace.DialOptions(own...), opentelemetry.DialOption(plugin),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2, "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testgrpc.NewTestServiceClient(conn).UnaryCall(t.Context(), new(testgrpc.SimpleRequest)); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	server.GracefulStop()
	if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		t.Error(err)
	}
	kinds := map[string]int{}
	for _, span := range sdk.Wait(t, 3) {
		kinds[span.SpanKind().String()]++
	}
	if kinds["client"] != 1 || kinds["server"] != 2 {
		t.Errorf("spans %v, want one of the client and one of the server for each attempt", kinds)
	}
	for _, name := range []string{"rpc.client.call.duration", "grpc.client.call.duration", "grpc.client.attempt.started", "grpc.client.attempt.duration", "grpc.server.call.duration"} {
		if sdk.Metric(t, name) == nil {
			t.Errorf("%s is not measured", name)
		}
	}
	var started int64
	for _, n := range sdk.Sums(t, "grpc.client.attempt.started", "grpc.method") {
		started += n
	}
	if started != 2 {
		t.Errorf("%d attempts are measured, want 2", started)
	}
}
