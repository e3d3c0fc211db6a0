package grpcsuite

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

// site contains a server, a client of this server, and one SDK for each of the two.
type site struct {
	rpc     RPC
	network network
	service *service

	serverSide, clientSide conformance.Side
	address                map[string]string // the expected attributes for the server's address on the client
	listener               *breakable
	server                 *grpc.Server
	conn                   *grpc.ClientConn
	client                 testgrpc.TestServiceClient
}

// optionsFor returns the options for one side of s, followed by more.
func (s *site) optionsFor(side conformance.Side, more []grpctrace.Option) []grpctrace.Option {
	var provider trace.TracerProvider = side.TracerProvider
	if s.rpc.Late {
		provider = oteltest.AttributesAtEnd(side.TracerProvider)
	}
	return append([]grpctrace.Option{
		grpctrace.WithTracerProvider(provider),
		grpctrace.WithMeterProvider(side.MeterProvider),
		grpctrace.WithPropagator(side.Propagator),
	}, more...)
}

type setting struct {
	server        []grpctrace.Option
	client        []grpctrace.Option
	serverOptions []grpc.ServerOption
	dialOptions   []grpc.DialOption
	register      func(*grpc.Server)
}

func (s *site) start(t *testing.T, with setting) {
	t.Helper()
	s.serverSide, s.clientSide = conformance.NewSide(t, s.rpc.Watch), conformance.NewSide(t, s.rpc.Watch)
	listener, target, address, more := s.network.listen(t)
	s.listener, s.address = &breakable{Listener: listener}, address
	s.server = s.rpc.Server(s.optionsFor(s.serverSide, with.server), with.serverOptions...)
	testgrpc.RegisterTestServiceServer(s.server, s.service)
	if with.register != nil {
		with.register(s.server)
	}
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(s.listener) }()
	t.Cleanup(func() {
		s.server.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	})
	more = append(more, grpc.WithTransportCredentials(insecure.NewCredentials()))
	var err error
	s.conn, err = s.rpc.Client(target, s.optionsFor(s.clientSide, with.client), append(more, with.dialOptions...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.conn.Close() })
	s.client = testgrpc.NewTestServiceClient(s.conn)
}

// connect connects the client, and waits until it is connected.
func (s *site) connect(t *testing.T) {
	t.Helper()
	ctx := conformance.Within(t)
	s.conn.Connect()
	for state := s.conn.GetState(); state != connectivity.Ready; state = s.conn.GetState() {
		if !s.conn.WaitForStateChange(ctx, state) {
			t.Fatal("no connection")
		}
	}
}

func (s *site) unary(ctx context.Context) error {
	_, err := s.client.UnaryCall(ctx, &testgrpc.SimpleRequest{})
	return err
}

type duplex = grpc.BidiStreamingClient[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]

func (s *site) open(t *testing.T, ctx context.Context) duplex { //nolint:revive // t comes first
	t.Helper()
	stream, err := s.client.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func (s *site) call(ctx context.Context, fullMethod string) error {
	return s.conn.Invoke(ctx, fullMethod, &testgrpc.Empty{}, new(testgrpc.Empty))
}

// parent returns a context with baggage and with a span of the program. It also returns the ID of
// this span. The span has already ended.
func (s *site) parent(t *testing.T) (context.Context, trace.SpanID) {
	t.Helper()
	member, err := baggage.NewMember("a", "b")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := s.clientSide.TracerProvider.Tracer("test").Start(conformance.Within(t), "parent")
	span.End()
	return baggage.ContextWithBaggage(ctx, bag), span.SpanContext().SpanID()
}

// checkNothingLost stops the server and the client. Then it checks that every started span has
// ended and was received.
func (s *site) checkNothingLost(t *testing.T) {
	t.Helper()
	s.conn.Close()
	s.server.Stop() // waits until the handlers have returned
	s.checkReceived(t)
}

// checkReceived checks that every started span has ended and was received. Then it removes all
// recorded spans.
func (s *site) checkReceived(t *testing.T) {
	t.Helper()
	for name, end := range map[string]conformance.Side{"server": s.serverSide, "client": s.clientSide} {
		end.CheckReceived(t, name)
		end.Reset()
	}
}

// checkSilence checks that nothing was recorded for the calls. It must be called after the calls
// have returned.
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

// seen contains the expected values for one call, on the server or on the client. They must be on
// the span and in the metric.
type seen struct {
	method    string
	code      string // "" if no status code is expected
	errorType string
	failed    bool
}

func ok(method string) seen { return seen{method: method, code: "OK"} }

func failed(method, code string) seen {
	return seen{method: method, code: code, errorType: code, failed: true}
}

// check requires that one call was recorded on the server and on the client. The parameter server
// contains the expected values on the server, and the parameter client contains the expected
// values on the client. The server span must be a child of the client span. check returns both
// spans.
func (s *site) check(t *testing.T, server, client seen) (serverSpan, clientSpan sdktrace.ReadOnlySpan) {
	t.Helper()
	serverSpan, clientSpan = s.serverSide.Only(t), s.clientSide.Only(t)
	if got, want := serverSpan.Parent().SpanID(), clientSpan.SpanContext().SpanID(); got != want {
		t.Errorf("parent of the server's span is %v, want %v", got, want)
	}
	s.checkServer(t, server)
	s.checkClient(t, client)
	return serverSpan, clientSpan
}

func (s *site) checkServer(t *testing.T, want seen) {
	t.Helper()
	span := s.serverSide.Only(t)
	checkSeen(t, span, want)
	want.checkMeasured(t, s.serverSide, "rpc.server.call.duration", nil)
	if attrs := oteltest.Map(span.Attributes()); s.network.name == "tcp" && attrs["network.peer.address"] != "127.0.0.1" {
		t.Errorf("the server's span has no peer: %v", attrs)
	}
}

func (s *site) checkClient(t *testing.T, want seen) {
	t.Helper()
	span := s.clientSide.Only(t)
	checkSeen(t, span, want)
	want.checkMeasured(t, s.clientSide, "rpc.client.call.duration", s.address)
	attrs := oteltest.Map(span.Attributes())
	for key, value := range s.address {
		if attrs[key] != value {
			t.Errorf("%s of the client's span is %q, want %q", key, attrs[key], value)
		}
	}
}

func checkSeen(t *testing.T, span sdktrace.ReadOnlySpan, want seen) {
	t.Helper()
	if got := span.Name(); got != want.method {
		t.Errorf("span is named %q, want %q", got, want.method)
	}
	if got := span.Status().Code == codes.Error; got != want.failed {
		t.Errorf("status of %s span is %v", span.SpanKind(), span.Status())
	}
	got := oteltest.Map(span.Attributes())
	for key, value := range want.attributes() {
		if got[key] != value {
			t.Errorf("%s of %s span is %q, want %q", key, span.SpanKind(), got[key], value)
		}
	}
	if _, found := got["rpc.grpc.status_code"]; found {
		t.Errorf("%s span has rpc.grpc.status_code", span.SpanKind())
	}
	oteltest.StableOnly(t, span)
}

func (w seen) attributes() map[string]string {
	return map[string]string{
		"rpc.system.name": "grpc", "rpc.method": w.method,
		"rpc.response.status_code": w.code, "error.type": w.errorType,
	}
}

func (w seen) checkMeasured(t *testing.T, end conformance.Side, name string, address map[string]string) {
	t.Helper()
	points := end.Seconds(t, name)
	if len(points) != 1 || points[0].Count != 1 {
		t.Fatalf("%s measured %v", name, points)
	}
	want := w.attributes()
	maps.Copy(want, address)
	maps.DeleteFunc(want, func(_, value string) bool { return value == "" })
	if got := oteltest.Map(points[0].Attributes.ToSlice()); !maps.Equal(got, want) {
		t.Errorf("%s measured %v, want %v", name, got, want)
	}
}

// breakable is a listener. The test can close its connections.
type breakable struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func (b *breakable) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err == nil {
		b.mu.Lock()
		b.conns = append(b.conns, conn)
		b.mu.Unlock()
	}
	return conn, err
}

func (b *breakable) lose() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range b.conns {
		conn.Close()
	}
	b.conns = nil
}

// drain reads a stream to its end. If the stream fails, drain returns the error.
func drain[T any](stream grpc.ServerStreamingClient[T]) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
