package grpcsuite

import (
	"context"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

func checkCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("the caller got %v, want %v", err, want)
	}
}

func testCancel(t *testing.T, s *site) {
	hanging := s.service.hang()
	s.start(t, setting{})
	ctx, cancel := context.WithCancel(conformance.Within(t))
	defer cancel()
	go func() { <-hanging; cancel() }()
	checkCode(t, s.unary(ctx), codes.Canceled)
	// The code CANCELLED is not an error on the server. It is also not an error on the client,
	// because the caller canceled the call.
	s.check(t, seen{method: unaryMethod, code: "CANCELLED"}, seen{method: unaryMethod, code: "CANCELLED"})
}

// testCancelStream checks a stream that is canceled before it has been read to its end.
func testCancelStream(t *testing.T, s *site) {
	hanging := s.service.hang()
	s.start(t, setting{})
	ctx, cancel := context.WithCancel(conformance.Within(t))
	defer cancel()
	stream := s.open(t, ctx)
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	<-hanging
	cancel()
	s.check(t, seen{method: duplexMethod, code: "CANCELLED"}, seen{method: duplexMethod, code: "CANCELLED"})
}

func testCanceledBefore(t *testing.T, s *site) {
	s.start(t, setting{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	checkCode(t, s.unary(ctx), codes.Canceled)
	s.checkClient(t, seen{method: unaryMethod, code: "CANCELLED"})
	if _, err := s.client.FullDuplexCall(ctx); status.Code(err) != codes.Canceled {
		t.Errorf("stream got %v", err)
	}
	s.clientSide.Wait(t, 2)
}

func testDeadline(t *testing.T, s *site) {
	s.service.hang()
	s.start(t, setting{})
	s.connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	checkCode(t, s.unary(ctx), codes.DeadlineExceeded)
	client := s.clientSide.Only(t)
	checkSeen(t, client, failed(unaryMethod, "DEADLINE_EXCEEDED"))
	// The handler ends because of the same deadline, or because the client disconnects.
	server := s.serverSide.Only(t)
	if code := oteltest.Map(server.Attributes())["rpc.response.status_code"]; code != "DEADLINE_EXCEEDED" && code != "CANCELLED" {
		t.Errorf("server: got code %q, want DEADLINE_EXCEEDED or CANCELLED", code)
	}
}

func testServerStops(t *testing.T, s *site) {
	hanging := s.service.hang()
	s.start(t, setting{})
	stream := s.open(t, conformance.Within(t))
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	<-hanging
	s.server.Stop()
	checkCode(t, drain(stream), codes.Unavailable)
	s.check(t, seen{method: duplexMethod, code: "CANCELLED"}, failed(duplexMethod, "UNAVAILABLE"))
}

func testConnectionLoss(t *testing.T, s *site) {
	hanging := s.service.hang()
	s.start(t, setting{})
	stream := s.open(t, conformance.Within(t))
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	<-hanging
	s.listener.lose()
	checkCode(t, drain(stream), codes.Unavailable)
	s.check(t, seen{method: duplexMethod, code: "CANCELLED"}, failed(duplexMethod, "UNAVAILABLE"))
}

func testNoServer(t *testing.T, s *site) {
	s.start(t, setting{})
	s.server.Stop()
	checkCode(t, s.unary(conformance.Within(t)), codes.Unavailable)
	s.checkClient(t, failed(unaryMethod, "UNAVAILABLE"))
}

// testKeepalive checks a server that limits the age of its connections. When a connection is 50 ms
// old, the server accepts no more new calls on it. After another 50 ms, the server ends the
// streams on this connection.
func testKeepalive(t *testing.T, s *site) {
	hanging := s.service.hang()
	s.start(t, setting{serverOptions: []grpc.ServerOption{grpc.KeepaliveParams(keepalive.ServerParameters{
		MaxConnectionAge: 50 * time.Millisecond, MaxConnectionAgeGrace: 50 * time.Millisecond,
	})}})
	stream := s.open(t, conformance.Within(t))
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	<-hanging
	checkCode(t, drain(stream), codes.Unavailable)
	s.check(t, seen{method: duplexMethod, code: "CANCELLED"}, failed(duplexMethod, "UNAVAILABLE"))
	s.service.do = nil
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Error(err) // this call must succeed, because it uses a new connection
	}
}

const retryPolicy = `{"methodConfig": [{"name": [{}], "retryPolicy": {
	"maxAttempts": 4, "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1,
	"retryableStatusCodes": ["UNAVAILABLE"]}}]}`

func testRetries(t *testing.T, s *site) {
	s.service.failTimes(2)
	s.start(t, setting{dialOptions: []grpc.DialOption{grpc.WithDefaultServiceConfig(retryPolicy)}})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	s.checkClient(t, ok(unaryMethod))
	checkAttempts(t, s, 3, "UNAVAILABLE")
}

func testRetriesInVain(t *testing.T, s *site) {
	s.service.failTimes(10)
	s.start(t, setting{dialOptions: []grpc.DialOption{grpc.WithDefaultServiceConfig(retryPolicy)}})
	checkCode(t, s.unary(conformance.Within(t)), codes.Unavailable)
	s.checkClient(t, failed(unaryMethod, "UNAVAILABLE"))
	checkAttempts(t, s, 4, "UNAVAILABLE")
}

func testStreamRetries(t *testing.T, s *site) {
	s.service.failTimes(2)
	s.start(t, setting{dialOptions: []grpc.DialOption{grpc.WithDefaultServiceConfig(retryPolicy)}})
	stream := s.open(t, conformance.Within(t))
	stream.CloseSend()
	if err := drain(stream); err != nil {
		t.Fatal(err)
	}
	s.checkClient(t, ok(duplexMethod))
	checkAttempts(t, s, 3, "UNAVAILABLE")
}

// testHedges checks a client with an interceptor that makes two attempts at the same time.
func testHedges(t *testing.T, s *site) {
	hedge := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		answers := make(chan error, 2)
		for range 2 {
			go func() { answers <- invoke(ctx, method, req, new(testgrpc.SimpleResponse), cc, opts...) }()
		}
		<-answers
		return <-answers
	}
	s.start(t, setting{dialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(hedge)}})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	s.checkClient(t, ok(unaryMethod))
	checkAttempts(t, s, 2, "")
}

// checkAttempts checks a call with n attempts. The client must have one span, with an event for
// each attempt except the first one. The event of an attempt must contain the status code of the
// attempt before it. This status code must be the value of the parameter code. If code is "",
// every status code is correct. The server must have one span per attempt, and each of them must
// be a child of the client span.
func checkAttempts(t *testing.T, s *site, n int, code string) {
	t.Helper()
	client := s.clientSide.Only(t)
	for _, span := range s.serverSide.Wait(t, n) {
		if got, want := span.Parent().SpanID(), client.SpanContext().SpanID(); got != want {
			t.Errorf("parent of an attempt is %v, want %v", got, want)
		}
	}
	if got := s.serverSide.Started(); got != n {
		t.Errorf("the server saw %d attempts, want %d", got, n)
	}
	events := client.Events()
	if len(events) != n-1 {
		t.Fatalf("events %v", events)
	}
	for i, event := range events {
		checkAttempt(t, event, i+1, code)
	}
}

func checkAttempt(t *testing.T, event sdktrace.Event, before int, code string) {
	t.Helper()
	got := oteltest.Map(event.Attributes)
	if event.Name != "attempt" || got["previous-rpc-attempts"] != string(rune('0'+before)) || got["transparent-retry"] != "false" {
		t.Errorf("event %q %v", event.Name, got)
	}
	if code != "" && got["rpc.response.status_code"] != code {
		t.Errorf("attempt after %q, want %q", got["rpc.response.status_code"], code)
	}
}
