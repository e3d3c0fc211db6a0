package grpcsuite

import (
	"context"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance"
)

// ownSpans starts two spans, as a health check that queries a database would do.
func ownSpans(ctx context.Context, provider trace.TracerProvider) error {
	tracer := provider.Tracer("test")
	ctx, outer := tracer.Start(ctx, "outer")
	defer outer.End()
	_, inner := tracer.Start(ctx, "inner")
	inner.End()
	return nil
}

type healthServer struct {
	healthpb.UnimplementedHealthServer

	site *site
}

func (h healthServer) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, ownSpans(ctx, h.site.serverSide.TracerProvider)
}

func (h healthServer) Watch(_ *healthpb.HealthCheckRequest, stream healthpb.Health_WatchServer) error {
	return ownSpans(stream.Context(), h.site.serverSide.TracerProvider)
}

func testHealth(t *testing.T, s *site) {
	s.start(t, setting{register: func(server *grpc.Server) { healthpb.RegisterHealthServer(server, healthServer{site: s}) }})
	client := healthpb.NewHealthClient(s.conn)
	if _, err := client.Check(conformance.Within(t), &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	stream, err := client.Watch(conformance.Within(t), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.checkSilence(t)
}

func testReflection(t *testing.T, s *site) {
	s.start(t, setting{register: func(server *grpc.Server) { reflection.Register(server) }})
	stream, err := reflectionpb.NewServerReflectionClient(s.conn).ServerReflectionInfo(conformance.Within(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	stream.CloseSend()
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.checkSilence(t)
}

func testRPCFilter(t *testing.T, s *site) {
	var current trace.SpanContext
	var parents []string // what the handler gets, and what it gets when it calls itself
	s.service.do = func(ctx context.Context) error {
		current = trace.SpanContextFromContext(ctx)
		parents = append(parents, metadata.ValueFromIncomingContext(ctx, "traceparent")...)
		if len(parents) == 1 {
			if err := s.unary(ctx); err != nil {
				return err
			}
		}
		return ownSpans(ctx, s.serverSide.TracerProvider)
	}
	unwanted := grpctrace.WithFilter(func(full string) bool { return full != "/"+unaryMethod })
	s.start(t, setting{server: []grpctrace.Option{unwanted}, client: []grpctrace.Option{unwanted}})
	caller := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, Remote: true,
	})
	if err := s.unary(trace.ContextWithSpanContext(conformance.Within(t), caller)); err != nil {
		t.Fatal(err)
	}
	if want := "00-01000000000000000000000000000000-0200000000000000-01"; !slices.Equal(parents, []string{want, want}) {
		t.Errorf("the calls have the traceparents %q, want %q twice", parents, want)
	}
	if current.IsSampled() {
		t.Errorf("the handler runs in span %v", current)
	}
	s.checkSilence(t)
}
