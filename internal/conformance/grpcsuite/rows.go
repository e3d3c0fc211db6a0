package grpcsuite

import (
	"context"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance"
)

type row struct {
	name string
	run  func(t *testing.T, s *site)
}

var rows = []row{
	{"unary", testUnary},
	{"client stream", testClientStream},
	{"server stream", testServerStream},
	{"bidirectional stream", testBidirectionalStream},
	{"context travels", testContextTravels},
	{"metadata of the program", testMetadata},
	{"many at once", testManyCalls},
	{"twice", testTwice},
	{"health", testHealth},
	{"reflection", testReflection},
	{"filter", testRPCFilter},
	{"public endpoint", testRPCPublicEndpoint},
	{"expected codes", testExpectedCodes},

	{"status codes", testStatusCodes},
	{"status codes of streams", testStreamStatusCodes},
	{"plain error", testPlainError},
	{"cancel", testCancel},
	{"cancel stream", testCancelStream},
	{"canceled before", testCanceledBefore},
	{"deadline", testDeadline},
	{"server stops", testServerStops},
	{"connection loss", testConnectionLoss},
	{"no server", testNoServer},
	{"keepalive", testKeepalive},
	{"retries", testRetries},
	{"retries in vain", testRetriesInVain},
	{"hedges", testHedges},
	{"stream retries", testStreamRetries},

	{"unknown method", testUnknownRPC},
	{"unknown service", testUnknownService},
	{"unknown methods without end", testUnknownMethods},
	{"unknown methods, impatiently", testUnknownImpatient},
	{"handler of unknown methods", testUnknownHandler},
	{"malformed method", testMalformedMethod},

	{"panic", testRPCPanic},
	{"panic in stream", testStreamPanic},
	{"panic taken for success", testSwallowedPanic},
	{"panic of client's interceptor", testClientPanic},
}

func testUnary(t *testing.T, s *site) {
	s.start(t, setting{})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	s.check(t, ok(unaryMethod), ok(unaryMethod))
}

func testClientStream(t *testing.T, s *site) {
	s.start(t, setting{})
	stream, err := s.client.StreamingInputCall(conformance.Within(t))
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

func testServerStream(t *testing.T, s *site) {
	s.start(t, setting{})
	stream, err := s.client.StreamingOutputCall(conformance.Within(t), &testgrpc.StreamingOutputCallRequest{
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

func testBidirectionalStream(t *testing.T, s *site) {
	s.start(t, setting{})
	stream := s.open(t, conformance.Within(t))
	pingPong(t, stream)
	pingPong(t, stream)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.check(t, ok(duplexMethod), ok(duplexMethod))
}

func pingPong(t *testing.T, stream duplex) {
	t.Helper()
	if err := stream.Send(&testgrpc.StreamingOutputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
}

func testContextTravels(t *testing.T, s *site) {
	var bag baggage.Baggage
	var current trace.SpanContext
	s.service.do = func(ctx context.Context) error {
		bag, current = baggage.FromContext(ctx), trace.SpanContextFromContext(ctx)
		return nil
	}
	s.start(t, setting{})
	ctx, parent := s.parent(t)
	if err := s.unary(ctx); err != nil {
		t.Fatal(err)
	}
	server := s.serverSide.Only(t)
	client := s.clientSide.Wait(t, 2)[1]
	if got := client.Parent().SpanID(); got != parent {
		t.Errorf("parent of the client's span is %v, want %v", got, parent)
	}
	if got, want := server.Parent(), client.SpanContext(); got.SpanID() != want.SpanID() || got.TraceID() != want.TraceID() || !got.IsRemote() {
		t.Errorf("parent of the server's span is %v, want %v", got, want)
	}
	if current.SpanID() != server.SpanContext().SpanID() {
		t.Errorf("the handler runs in span %v", current.SpanID())
	}
	if got := bag.String(); got != "a=b" {
		t.Errorf("the handler got baggage %q", got)
	}
}

// testMetadata checks a client with an interceptor that replaces the metadata. The new metadata
// contains the trace context of another trace.
func testMetadata(t *testing.T, s *site) {
	var got metadata.MD
	s.service.do = func(ctx context.Context) error {
		got, _ = metadata.FromIncomingContext(ctx)
		return nil
	}
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	shared := metadata.Pairs("authorization", "secret", "traceparent", traceparent)
	s.start(t, setting{dialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return invoke(metadata.NewOutgoingContext(ctx, shared), method, req, reply, cc, opts...)
		})}})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	s.check(t, ok(unaryMethod), ok(unaryMethod))
	if got := got.Get("authorization"); !slices.Equal(got, []string{"secret"}) {
		t.Errorf("authorization arrived as %q", got)
	}
	if got := got.Get("traceparent"); len(got) != 1 {
		t.Errorf("traceparent arrived as %q", got)
	}
	if got := shared.Get("traceparent"); !slices.Equal(got, []string{traceparent}) {
		t.Errorf("the program's metadata were changed to %q", got)
	}
}

func testManyCalls(t *testing.T, s *site) {
	s.start(t, setting{})
	const workers, each = 8, 25
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range each {
				if err := s.unary(conformance.Within(t)); err != nil {
					t.Error(err)
				}
				stream, err := s.client.FullDuplexCall(conformance.Within(t))
				if err != nil {
					t.Error(err)
					return
				}
				stream.CloseSend()
				if err := drain(stream); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	s.serverSide.Wait(t, 2*workers*each)
	for _, p := range s.clientSide.Seconds(t, "rpc.client.call.duration") {
		if p.Count != workers*each {
			t.Errorf("%d calls were measured, want %d", p.Count, workers*each)
		}
	}
}

func testTwice(t *testing.T, s *site) {
	server, client := conformance.NewSide(t, s.rpc.Watch), conformance.NewSide(t, s.rpc.Watch)
	s.start(t, setting{
		serverOptions: grpctrace.ServerOptions(s.optionsFor(server, nil)...),
		dialOptions:   grpctrace.DialOptions(s.optionsFor(client, nil)...),
	})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	stream := s.open(t, conformance.Within(t))
	stream.CloseSend()
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.conn.Close()
	s.server.Stop() // waits until the handlers have returned
	if n := server.Started() + s.serverSide.Started(); n != 2 {
		t.Errorf("%d server spans for 2 calls", n)
	}
	if n := client.Started() + s.clientSide.Started(); n != 2 {
		t.Errorf("%d client spans for 2 calls", n)
	}
}

func testRPCPublicEndpoint(t *testing.T, s *site) {
	var bag baggage.Baggage
	s.service.do = func(ctx context.Context) error {
		bag = baggage.FromContext(ctx)
		return nil
	}
	s.start(t, setting{server: []grpctrace.Option{grpctrace.WithPublicEndpoint()}})
	ctx, _ := s.parent(t)
	if err := s.unary(ctx); err != nil {
		t.Fatal(err)
	}
	span, caller := s.serverSide.Only(t), s.clientSide.Wait(t, 2)[1].SpanContext()
	if span.Parent().IsValid() || span.SpanContext().TraceID() == caller.TraceID() {
		t.Errorf("parent %v", span.Parent())
	}
	if links := span.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != caller.SpanID() {
		t.Errorf("links %v", links)
	}
	if bag.Len() != 0 {
		t.Errorf("the handler got baggage %q", bag)
	}
}
