package grpctrace_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
)

// scripted is a service whose methods call do, and return its error.
type scripted struct {
	testgrpc.UnimplementedTestServiceServer

	do func(context.Context) error
}

func (s scripted) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	return new(testgrpc.SimpleResponse), s.do(ctx)
}

func (s scripted) StreamingOutputCall(_ *testgrpc.StreamingOutputCallRequest, stream testgrpc.TestService_StreamingOutputCallServer) error {
	for range 3 {
		if err := stream.Send(new(testgrpc.StreamingOutputCallResponse)); err != nil {
			return err
		}
	}
	return s.do(stream.Context())
}

func (s scripted) FullDuplexCall(stream testgrpc.TestService_FullDuplexCallServer) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return s.do(stream.Context())
		} else if err != nil {
			return err
		}
		if err := stream.Send(new(testgrpc.StreamingOutputCallResponse)); err != nil {
			return err
		}
	}
}

// A referenceRow is a call that is made with otelgrpc and with grpctrace.
type referenceRow struct {
	name string
	do   func(context.Context) error // on the server; nil returns nil
	call func(ctx context.Context, client testgrpc.TestServiceClient, conn *grpc.ClientConn) error

	leaks bool // otelgrpc does not end the span of the server
}

func unaryRow(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) error {
	_, err := client.UnaryCall(ctx, new(testgrpc.SimpleRequest))
	return err
}

func serverStreamRow(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) error {
	stream, err := client.StreamingOutputCall(ctx, new(testgrpc.StreamingOutputCallRequest))
	for err == nil {
		_, err = stream.Recv()
	}
	return err
}

func duplexRow(ctx context.Context, client testgrpc.TestServiceClient, _ *grpc.ClientConn) error {
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for range 2 {
		if err := stream.Send(new(testgrpc.StreamingOutputCallRequest)); err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}

func referenceRowsOf() []referenceRow {
	rows := []referenceRow{
		{name: "unary", call: unaryRow},
		{name: "server stream", call: serverStreamRow},
		{name: "duplex", call: duplexRow},
		{name: "plain error", do: func(context.Context) error { return errors.New("Kari Nordmann") }, call: unaryRow},
		{name: "stream that fails", do: func(context.Context) error { return status.Error(codes.DataLoss, "Kari Nordmann") }, call: serverStreamRow},
		{name: "unknown method", leaks: true, call: func(ctx context.Context, _ testgrpc.TestServiceClient, conn *grpc.ClientConn) error {
			return conn.Invoke(ctx, "/grpc.testing.TestService/Missing", new(testgrpc.Empty), new(testgrpc.Empty))
		}},
		{name: "unknown service", leaks: true, call: func(ctx context.Context, _ testgrpc.TestServiceClient, conn *grpc.ClientConn) error {
			return conn.Invoke(ctx, "/missing.Service/Missing", new(testgrpc.Empty), new(testgrpc.Empty))
		}},
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		fail := func(context.Context) error { return status.Error(code, "Kari Nordmann") }
		rows = append(rows, referenceRow{name: "code " + code.String(), do: fail, call: unaryRow})
	}
	return rows
}

// An engine returns the options for a server and for a client.
type engine struct {
	server func(*oteltest.SDK) []grpc.ServerOption
	client func(*oteltest.SDK) []grpc.DialOption
	leaks  bool
}

func otelgrpcOptions(sdk *oteltest.SDK) []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(sdk.TracerProvider), otelgrpc.WithMeterProvider(sdk.MeterProvider), otelgrpc.WithPropagators(sdk.Propagator),
	}
}

var stock = engine{
	func(sdk *oteltest.SDK) []grpc.ServerOption {
		return []grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpcOptions(sdk)...))}
	},
	func(sdk *oteltest.SDK) []grpc.DialOption {
		return []grpc.DialOption{grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpcOptions(sdk)...))}
	},
	true,
}

var spor = engine{
	func(sdk *oteltest.SDK) []grpc.ServerOption { return grpctrace.ServerOptions(options(sdk)...) },
	func(sdk *oteltest.SDK) []grpc.DialOption { return grpctrace.DialOptions(options(sdk)...) },
	false,
}

func atEnd(sdk *oteltest.SDK) []grpctrace.Option {
	return options(sdk, grpctrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))
}

var sporAtEnd = engine{
	func(sdk *oteltest.SDK) []grpc.ServerOption { return grpctrace.ServerOptions(atEnd(sdk)...) },
	func(sdk *oteltest.SDK) []grpc.DialOption { return grpctrace.DialOptions(atEnd(sdk)...) },
	false,
}

// record makes the call. It returns the facts about the server and about the client.
func (row referenceRow) record(t *testing.T, e engine) (server, client reference.Facts) {
	t.Helper()
	serverSDK, clientSDK := oteltest.New(t), oteltest.New(t)
	do := row.do
	if do == nil {
		do = func(context.Context) error { return nil }
	}
	conn := connect(t, grpc.NewServer(e.server(serverSDK)...), scripted{do: do}, e.client(clientSDK)...)
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	err := row.call(ctx, testgrpc.NewTestServiceClient(conn), conn)
	waits := []*oteltest.SDK{serverSDK, clientSDK}
	if row.leaks && e.leaks {
		waits = waits[1:]
	}
	for _, sdk := range waits {
		oteltest.Eventually(t, func() bool { return len(sdk.Metrics(t, "")) > 0 && sdk.Started() == len(sdk.Ended()) })
	}
	server, client = reference.FactsOf(t, serverSDK), reference.FactsOf(t, clientSDK)
	for _, span := range serverSDK.Ended() {
		isChild := span.Parent().SpanID() == clientSDK.Ended()[0].SpanContext().SpanID()
		server[reference.Fact{Where: "span", Property: "parent"}] = strconv.FormatBool(isChild)
	}
	client.Add("answer", map[string]string{"code": status.Code(err).String()})
	return server, client
}

// TestAgainstReference compares what grpctrace and otelgrpc record.
func TestAgainstReference(t *testing.T) {
	servers, clients := reference.NewJudge("server", knownDifferences), reference.NewJudge("client", knownDifferences)
	for _, row := range referenceRowsOf() {
		t.Run(row.name, func(t *testing.T) {
			server, client := row.record(t, stock)
			sporServer, sporClient := row.record(t, spor)
			servers.Compare(t, "server/"+row.name, server, sporServer)
			clients.Compare(t, "client/"+row.name, client, sporClient)
			lateServer, lateClient := row.record(t, sporAtEnd)
			for _, found := range append(reference.Differences("server", sporServer, lateServer), reference.Differences("client", sporClient, lateClient)...) {
				t.Errorf("at the start and at the end: %v", found)
			}
		})
	}
	servers.CheckUsed(t)
	clients.CheckUsed(t)
}

// knownDifferences contains the differences between otelgrpc and spor that are right. A reason begins
// with the source of the rule, semconv (the semantic conventions, version 1.43).
var knownDifferences = []reference.Line{
	{"server/*", "span", "server.address", "bufconn", reference.Absent, "semconv: a domain name, an IP address or a Unix socket; bufconn is the network of the test"},
	{"client/*", "*", "server.address", "bufconn", "backend", "semconv: the name of the server group, from the target of the client"},
	{"client/*", "*", "server.port", reference.Absent, "8080", "semconv: the port of the server group, from the target of the client"},
	{"client/*|server/plain error|server/stream that fails|server/code *", "span", "error.type", reference.Absent, "*", "semconv: Conditionally Required if the operation failed; the metric has it"},
	{"server/unknown*", "*", reference.Exists, reference.Absent, "yes", "semconv: one span and one measurement for each call, also with _OTHER as method"},
}
