package grpctrace_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
)

// A referenceRow is a call that is made with otelgrpc and with spor.
type referenceRow struct {
	name string
	call caller
	// do is what the server does after it has received the request. end ends the context of the
	// client. Nil means nothing.
	do func(ctx context.Context, end func(error)) error

	spor     []grpctrace.Option
	otelgrpc []otelgrpc.Option
	retries  bool // the client makes another attempt if the code is UNAVAILABLE
	stopped  bool // the server is stopped before the call
	leaks    bool // otelgrpc does not end the span of the server
}

// A caller makes a call. say adds values to what the program has got.
type caller func(ctx context.Context, conn *grpc.ClientConn, say func(...any)) error

var referenceRows = append([]referenceRow{
	{name: "unary", call: callUnary},
	{name: "client stream", call: callStream("ClientStream")},
	{name: "server stream", call: callStream("ServerStream")},
	{name: "duplex", call: callStream("Duplex")},
	{name: "plain error", call: callUnary, do: failWith(errors.New("no row for Kari"))},
	{name: "error after messages", call: callStream("ServerStream"), do: failWith(status.Error(codes.DataLoss, "Kari Nordmann"))},
	{name: "unknown code", call: callUnary, do: failWith(status.Error(17, "Kari Nordmann"))},
	{name: "secret error", call: callUnary, do: failWith(status.Error(codes.Internal, "no person 01017012345"))},
	{name: "canceled", call: callUnary, do: endWith(context.Canceled)},
	{name: "canceled stream", call: callStream("Duplex"), do: endWith(context.Canceled)},
	{name: "canceled before", call: func(ctx context.Context, conn *grpc.ClientConn, say func(...any)) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return callUnary(ctx, conn, say)
	}},
	{name: "deadline", call: callUnary, do: endWith(context.DeadlineExceeded)},
	{name: "deadline of a stream", call: callStream("Duplex"), do: endWith(context.DeadlineExceeded)},
	{name: "retry", retries: true, call: callUnary, do: failOnce},
	{name: "recovered panic", call: callUnary, do: func(context.Context, func(error)) error { panic("on purpose") }},
	{name: "retry in vain", retries: true, call: callUnary, do: failWith(status.Error(codes.Unavailable, "Kari Nordmann"))},
	{name: "no server", call: callUnary, stopped: true},
	{name: "health check", call: invoke("/grpc.health.v1.Health/Check")},
	{name: "unknown method", leaks: true, call: invoke("/grpc.testing.TestService/Missing")},
	{name: "unknown service", leaks: true, call: invoke("/missing.Service/Missing")},
	{name: "malformed method", leaks: true, call: invoke("/Missing")},
	{
		name: "filter", call: callUnary,
		spor:     []grpctrace.Option{grpctrace.WithFilter(func(string) bool { return false })},
		otelgrpc: []otelgrpc.Option{otelgrpc.WithFilter(func(*stats.RPCTagInfo) bool { return false })},
	},
	{
		name: "attributes", call: callUnary,
		spor: []grpctrace.Option{grpctrace.WithAttributes(attribute.String("team", "a"))},
		otelgrpc: []otelgrpc.Option{
			otelgrpc.WithSpanAttributes(attribute.String("team", "a")), otelgrpc.WithMetricAttributes(attribute.String("team", "a")),
		},
	},
	{
		name: "public endpoint", call: callUnary,
		spor:     []grpctrace.Option{grpctrace.WithPublicEndpoint()},
		otelgrpc: []otelgrpc.Option{otelgrpc.WithPublicEndpoint()},
	},
}, codeRows()...)

// codeRows returns a unary call and a stream for each code of an error.
func codeRows() (rows []referenceRow) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		fail := failWith(status.Error(code, "Kari Nordmann"))
		rows = append(rows, referenceRow{name: "code " + code.String(), call: callUnary, do: fail},
			referenceRow{name: "stream code " + code.String(), call: callStream("Duplex"), do: fail})
	}
	return rows
}

func failWith(err error) func(context.Context, func(error)) error {
	return func(context.Context, func(error)) error { return err }
}

// endWith ends the context of the client, and waits until the server has noticed it.
func endWith(err error) func(context.Context, func(error)) error {
	return func(ctx context.Context, end func(error)) error {
		end(err)
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
}

// failOnce makes the first attempt fail.
func failOnce(ctx context.Context, _ func(error)) error {
	if len(metadata.ValueFromIncomingContext(ctx, "grpc-previous-rpc-attempts")) == 0 {
		return status.Error(codes.Unavailable, "not yet")
	}
	return nil
}

// An engine records the calls of a server and a client. The zero value is otelgrpc.
type engine struct {
	spor  bool
	atEnd bool // the attributes are set when the span ends
}

func (e engine) server(sdk *oteltest.SDK, row referenceRow) []grpc.ServerOption {
	if e.spor {
		return grpctrace.ServerOptions(e.sporOptions(sdk, row)...)
	}
	return []grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpcOptions(sdk, row)...))}
}

func (e engine) client(sdk *oteltest.SDK, row referenceRow) []grpc.DialOption {
	if e.spor {
		return grpctrace.DialOptions(e.sporOptions(sdk, row)...)
	}
	return []grpc.DialOption{grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpcOptions(sdk, row)...))}
}

func (e engine) sporOptions(sdk *oteltest.SDK, row referenceRow) []grpctrace.Option {
	if e.atEnd {
		return options(sdk, append(row.spor, grpctrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))...)
	}
	return options(sdk, row.spor...)
}

func otelgrpcOptions(sdk *oteltest.SDK, row referenceRow) []otelgrpc.Option {
	return append([]otelgrpc.Option{
		otelgrpc.WithTracerProvider(sdk.TracerProvider), otelgrpc.WithMeterProvider(sdk.MeterProvider), otelgrpc.WithPropagators(sdk.Propagator),
	}, row.otelgrpc...)
}

// connect starts a server, and returns a client of it. sdks contains their SDKs. port is the port of
// the server.
func (e engine) connect(t *testing.T, row referenceRow, n referenceNetwork, sdks [2]*oteltest.SDK, service scripted) (conn *grpc.ClientConn, port string) {
	t.Helper()
	server := grpc.NewServer(append([]grpc.ServerOption{grpc.ChainUnaryInterceptor(recovers)}, e.server(sdks[0], row)...)...)
	testgrpc.RegisterTestServiceServer(server, service)
	server.RegisterService(&streams, service)
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	l, dial := n.listen(t)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	if row.stopped {
		server.Stop()
		l.Close()
	}
	forClient := e.client(sdks[1], row)
	if row.retries {
		forClient = append(forClient, grpc.WithDefaultServiceConfig(retrying))
	}
	_, port, _ = net.SplitHostPort(l.Addr().String()) // bufconn has no port
	conn, err := grpc.NewClient("passthrough:///backend:8080", append(forClient,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(dial))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, port
}

// recovers is an interceptor that recovers from a panic.
func recovers(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (_ any, err error) {
	defer func() {
		if recover() != nil {
			err = status.Error(codes.Internal, "recovered")
		}
	}()
	return handler(ctx, req)
}

const retrying = `{"methodConfig": [{"name": [{"service": "grpc.testing.TestService", "method": "UnaryCall"}], "retryPolicy":
	{"maxAttempts": 2, "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

// A referenceNetwork connects a client with a server.
type referenceNetwork struct {
	name   string
	listen func(*testing.T) (net.Listener, func(context.Context, string) (net.Conn, error))
}

var referenceNetworks = []referenceNetwork{
	{"bufconn", func(*testing.T) (net.Listener, func(context.Context, string) (net.Conn, error)) {
		l := bufconn.Listen(1 << 20)
		return l, func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }
	}},
	{"tcp", func(t *testing.T) (net.Listener, func(context.Context, string) (net.Conn, error)) {
		t.Helper()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l, func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		}
	}},
}

// record makes the call of the row. It returns the facts about the server and about the client.
func (row referenceRow) record(t *testing.T, n referenceNetwork, e engine) (server, client reference.Facts) {
	t.Helper()
	sdks := [2]*oteltest.SDK{oteltest.New(t), oteltest.New(t)}
	ctx := oteltest.W3C.Extract(t.Context(), propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b", "baggage": "c=d",
	})
	inside := &ending{Context: ctx, done: make(chan struct{})}
	var received, got []string
	conn, port := e.connect(t, row, n, sdks, scripted{do: func(ctx context.Context) error {
		md, _ := metadata.FromIncomingContext(ctx)
		received = append(received, fmt.Sprint(md, baggage.FromContext(ctx)))
		if row.do == nil {
			return nil
		}
		return row.do(ctx, inside.end)
	}})
	say := func(values ...any) { got = append(got, fmt.Sprintln(values...)) }
	say(row.call(inside, conn, say))
	for i, sdk := range sdks {
		if i == 1 || e.spor || !row.leaks {
			oteltest.Eventually(t, func() bool { return sdk.Started() == len(sdk.Ended()) && measured(t, sdk) == sdk.Started() })
		}
	}
	server, client = reference.FactsOf(t, sdks[0]), reference.FactsOf(t, sdks[1])
	server.Add("answer", map[string]string{"received": strings.Join(received, "")})
	client.Add("answer", map[string]string{"got": strings.Join(got, "")})
	for _, f := range []reference.Facts{server, client} {
		for fact, value := range f {
			for i, span := range sdks[1].Ended() {
				value = strings.ReplaceAll(value, span.SpanContext().SpanID().String(), fmt.Sprintf("CLIENT %d", i+1))
			}
			if fact.Property == "network.peer.port" || port != "" && value == port {
				value = "PORT"
			}
			f[fact] = strings.ReplaceAll(value, "127.0.0.1:"+port, "127.0.0.1:PORT")
		}
	}
	return server, client
}

// TestAgainstReference compares what grpctrace and otelgrpc record.
func TestAgainstReference(t *testing.T) {
	servers, clients := reference.NewJudge("server", knownDifferences), reference.NewJudge("client", knownDifferences)
	ran := 0
	for _, n := range referenceNetworks {
		for _, row := range referenceRows {
			name := n.name + "/" + row.name
			t.Run(name, func(t *testing.T) {
				ran++
				server, client := row.record(t, n, engine{})
				sporServer, sporClient := row.record(t, n, engine{spor: true})
				servers.Compare(t, "server/"+name, server, sporServer)
				clients.Compare(t, "client/"+name, client, sporClient)
				lateServer, lateClient := row.record(t, n, engine{spor: true, atEnd: true})
				for _, found := range append(reference.Differences("server", sporServer, lateServer), reference.Differences("client", sporClient, lateClient)...) {
					t.Errorf("at the start and at the end: %v", found)
				}
			})
		}
	}
	if ran == len(referenceNetworks)*len(referenceRows) { // the flag -run has selected no part of the rows
		servers.CheckUsed(t)
		clients.CheckUsed(t)
	}
}

// measured returns the number of calls in the metrics.
func measured(t *testing.T, sdk *oteltest.SDK) (n int) {
	t.Helper()
	for _, point := range slices.Concat(sdk.Seconds(t, "rpc.server.call.duration"), sdk.Seconds(t, "rpc.client.call.duration")) {
		n += int(point.Count)
	}
	return n
}
