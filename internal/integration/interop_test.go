package integration

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// interopCases are gRPC's official interoperability tests, except the tests that need
// credentials. A test that fails ends the process.
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
var interopCases = map[string]func(context.Context, *grpc.ClientConn, testgrpc.TestServiceClient){
	"empty_unary": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoEmptyUnaryCall(ctx, c)
	},
	"large_unary": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoLargeUnaryCall(ctx, c)
	},
	"client_streaming": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoClientStreaming(ctx, c)
	},
	"server_streaming": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoServerStreaming(ctx, c)
	},
	"ping_pong": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoPingPong(ctx, c)
	},
	"empty_stream": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoEmptyStream(ctx, c)
	},
	"custom_metadata": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoCustomMetadata(ctx, c)
	},
	"status_code": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoStatusCodeAndMessage(ctx, c)
	},
	"special_status": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoSpecialStatusMessage(ctx, c)
	},
	"unknown_method": func(ctx context.Context, cc *grpc.ClientConn, _ testgrpc.TestServiceClient) {
		interop.DoUnimplementedMethod(ctx, cc)
	},
	"cancel_begin": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		cancelAfterBegin(ctx, c)
	},
	"cancel_first": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoCancelAfterFirstResponse(ctx, c)
	},
	"timeout_on_server": func(ctx context.Context, _ *grpc.ClientConn, c testgrpc.TestServiceClient) {
		interop.DoTimeoutOnSleepingServer(ctx, c)
	},
	"unknown_service": func(ctx context.Context, cc *grpc.ClientConn, _ testgrpc.TestServiceClient) {
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(cc))
	},
}

// The function cancelAfterBegin cancels a call that has sent nothing. The official test requires
// the code Canceled and ends the process otherwise. On a busy machine, gRPC itself returns the
// server's answer in about one of a thousand calls.
func cancelAfterBegin(ctx context.Context, c testgrpc.TestServiceClient) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.StreamingInputCall(ctx)
	cancel()
	if err == nil {
		_, _ = stream.CloseAndRecv()
	}
}

// TestInterop runs the official tests with and without spor. It checks that spor does not
// change the events that gRPC reports to the client and to the server.
func TestInterop(t *testing.T) {
	for name, run := range interopCases {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t, sdktrace.WithSampler(sdktrace.AlwaysSample()))
			opts := []grpctrace.Option{
				grpctrace.WithTracerProvider(sdk.TracerProvider),
				grpctrace.WithMeterProvider(sdk.MeterProvider),
				grpctrace.WithPropagator(sdk.Propagator),
			}
			want := interoperate(t, run, nil, nil)
			got := interoperate(t, run, grpctrace.ServerOptions(opts...), grpctrace.DialOptions(opts...))
			if raced[name] {
				want, got = codesOf(want), codesOf(got)
			}
			// The official test has already checked the caller's result.
			if !differs[name] && !slices.Equal(got, want) {
				t.Errorf("with spor\n%s\nwithout\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			oteltest.Eventually(t, func() bool { return sdk.Started() > 0 && sdk.Started() == len(sdk.Ended()) })
		})
	}
}

// The variable raced lists the cases whose events depend on timing: the client or the server can
// end the call before the other side has sent anything.
var raced = map[string]bool{"cancel_first": true}

// The variable differs lists the cases in which gRPC itself reports other codes from run to run:
// the deadline can pass before the first attempt, the server can answer before a call is canceled,
// and an unknown method can be refused before the request has been sent. In the last case gRPC
// sometimes reports OK, also without spor.
var differs = map[string]bool{
	"cancel_begin": true, "timeout_on_server": true, "unknown_method": true, "unknown_service": true,
}

// codesOf returns the status codes that callers got. It removes the status messages.
func codesOf(lines []string) []string {
	var codes []string
	for _, line := range lines {
		if line, _, _ = strings.Cut(line, ` "`); strings.Contains(line, "client=true end ") {
			codes = append(codes, line)
		}
	}
	return codes
}

// interoperate runs a case over TCP. It returns the events that gRPC reported to the client
// and to the server.
func interoperate(t *testing.T, run func(context.Context, *grpc.ClientConn, testgrpc.TestServiceClient), server []grpc.ServerOption, client []grpc.DialOption) []string {
	t.Helper()
	var log transcript
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpctrace.NewServer(append(server, grpc.StatsHandler(&log))...)
	if server == nil {
		s = grpc.NewServer(grpc.StatsHandler(&log))
	}
	testgrpc.RegisterTestServiceServer(s, interop.NewTestServer())
	go s.Serve(l)
	defer s.Stop()
	conn, err := grpc.NewClient(l.Addr().String(), append(client, grpc.WithStatsHandler(&log),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run(ctx, conn, testgrpc.NewTestServiceClient(conn))
	conn.Close()
	s.GracefulStop()
	return log.sorted()
}

// transcript is a stats.Handler that records the events of each call.
type transcript struct {
	mu    sync.Mutex
	lines []string
}

type methodKey struct{}

func (l *transcript) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

func (l *transcript) HandleRPC(ctx context.Context, event stats.RPCStats) {
	var text string
	switch event := event.(type) {
	case *stats.InHeader:
		text = "in " + plain(event.Header)
	case *stats.OutHeader:
		text = "out " + plain(event.Header)
	case *stats.InTrailer:
		text = "in trailer " + plain(event.Trailer)
	case *stats.OutTrailer:
		text = "out trailer " + plain(event.Trailer)
	case *stats.InPayload:
		text = fmt.Sprint("in payload ", event.Length)
	case *stats.OutPayload:
		text = fmt.Sprint("out payload ", event.Length)
	case *stats.End:
		s := status.Convert(event.Error)
		text = fmt.Sprintf("end %v %q", s.Code(), s.Message())
	case *stats.DelayedPickComplete: // this event happens only sometimes
		return
	default:
		text = fmt.Sprintf("%T", event)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%v client=%v %s", ctx.Value(methodKey{}), event.IsClient(), text))
}

func (l *transcript) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (l *transcript) HandleConn(context.Context, stats.ConnStats)                       {}

func (l *transcript) sorted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.lines))
}

// The function plain returns metadata as text. It leaves out the parts that are different in each
// run.
func plain(md metadata.MD) string {
	md = md.Copy()
	maps.DeleteFunc(md, func(key string, _ []string) bool {
		return key == "traceparent" || key == ":authority" || key == "grpc-timeout"
	})
	return fmt.Sprint(md)
}
