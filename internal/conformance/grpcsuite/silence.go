package grpcsuite

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance"
)

// ownSpans starts spans of the program's own, as a query in a health check would.
func (s *site) ownSpans(ctx context.Context) error {
	ctx, outer := s.serverSide.TracerProvider.Tracer("test").Start(ctx, "outer")
	defer outer.End()
	_, inner := s.serverSide.TracerProvider.Tracer("test").Start(ctx, "inner")
	inner.End()
	return nil
}

// checkSilence tests that nothing was told of the calls, which have returned.
func (s *site) checkSilence(t *testing.T) {
	t.Helper()
	s.conn.Close()
	s.server.Stop()
	if n, m := s.serverSide.Started(), s.clientSide.Started(); n+m != 0 {
		t.Errorf("%d spans were started by the server and %d by the client", n, m)
	}
	if points := s.serverSide.Seconds(t, "rpc.server.call.duration"); len(points) != 0 {
		t.Errorf("server measured %v", points)
	}
	if points := s.clientSide.Seconds(t, "rpc.client.call.duration"); len(points) != 0 {
		t.Errorf("client measured %v", points)
	}
}

// healthServer starts spans in its checks.
type healthServer struct {
	healthpb.UnimplementedHealthServer

	site *site
}

func (h healthServer) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, h.site.ownSpans(ctx)
}

func (h healthServer) Watch(_ *healthpb.HealthCheckRequest, stream healthpb.Health_WatchServer) error {
	return h.site.ownSpans(stream.Context())
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
	var told trace.SpanContext
	s.service.do = func(ctx context.Context) error {
		told = trace.SpanContextFromContext(ctx)
		return s.ownSpans(ctx)
	}
	unwanted := grpctrace.WithFilter(func(full string) bool { return full != "/"+unaryMethod })
	s.start(t, setting{server: []grpctrace.Option{unwanted}, client: []grpctrace.Option{unwanted}})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	if told.IsSampled() {
		t.Errorf("the handler runs in span %v", told)
	}
	s.checkSilence(t)
}
