package conformance

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/nais/spor/internal/oteltest"
)

// rpcRow is a row of the suite.
type rpcRow struct {
	name string
	run  func(t *testing.T, s *rpcSite)
}

var rpcRows = []rpcRow{
	{"unary", testUnary},
	{"client stream", testClientStream},
	{"server stream", testServerStream},
	{"bidirectional stream", testBidirectionalStream},
}

func testUnary(t *testing.T, s *rpcSite) {
	s.start(t, setting{})
	if err := s.unary(within(t)); err != nil {
		t.Fatal(err)
	}
	s.check(t, ok(unaryMethod), ok(unaryMethod))
}

func testClientStream(t *testing.T, s *rpcSite) {
	s.start(t, setting{})
	stream, err := s.client.StreamingInputCall(within(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := stream.Send(&testgrpc.StreamingInputCallRequest{Payload: &testgrpc.Payload{Body: []byte("12345")}}); err != nil {
			t.Fatal(err)
		}
	}
	reply, err := stream.CloseAndRecv()
	if err != nil || reply.GetAggregatedPayloadSize() != 15 {
		t.Fatalf("got %v, %v", reply, err)
	}
	s.check(t, ok(inputMethod), ok(inputMethod))
}

func testServerStream(t *testing.T, s *rpcSite) {
	s.start(t, setting{})
	stream, err := s.client.StreamingOutputCall(within(t), &testgrpc.StreamingOutputCallRequest{
		ResponseParameters: make([]*testgrpc.ResponseParameters, 3),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.check(t, ok(outputMethod), ok(outputMethod))
}

func testBidirectionalStream(t *testing.T, s *rpcSite) {
	s.start(t, setting{})
	stream := s.open(t, within(t))
	s.pingPong(t, stream)
	s.pingPong(t, stream)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.check(t, ok(duplexMethod), ok(duplexMethod))
}

type duplex = grpc.BidiStreamingClient[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]

// open opens a stream in both directions.
func (s *rpcSite) open(t *testing.T, ctx context.Context) duplex { //nolint:revive // t comes first
	t.Helper()
	stream, err := s.client.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func (s *rpcSite) pingPong(t *testing.T, stream duplex) {
	t.Helper()
	if err := stream.Send(&testgrpc.StreamingOutputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
}

var _ = baggage.FromContext
var _ = trace.SpanFromContext
var _ = oteltest.Map
