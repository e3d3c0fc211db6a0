package stock_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"connectrpc.com/otelconnect"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

const procedure = testgrpc.TestService_UnaryCall_FullMethodName

// TestGRPC checks the spans of otelgrpc, on both sides of a call.
func TestGRPC(t *testing.T) {
	e := export(t, func(ctx context.Context) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler()))
		testgrpc.RegisterTestServiceServer(s, testServer{})
		go s.Serve(l)
		defer s.Stop()
		c, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, code := range []codes.Code{codes.OK, codes.NotFound, codes.Internal} {
			request := &testgrpc.SimpleRequest{ResponseStatus: &testgrpc.EchoStatus{Code: int32(code)}} //nolint:gosec // the codes of this test are small
			if _, err := testgrpc.NewTestServiceClient(c).UnaryCall(ctx, request); status.Code(err) != code {
				t.Error(err)
			}
		}
		s.GracefulStop()
	})
	for _, kind := range []tracepb.Span_SpanKind{client, server} {
		e.mustHave(t, kind, procedure[1:], "rpc.system", "grpc", "rpc.service", "grpc.testing.TestService", "rpc.method", "UnaryCall")
	}
	e.mustLight(t, "Overview", "Attention", "Operations: gRPC", "Dependencies and service map", "Trace breakdowns")
	e.mustDarken(t, "Issues")
}

type testServer struct {
	testgrpc.UnimplementedTestServiceServer
}

func (testServer) UnaryCall(_ context.Context, r *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	return new(testgrpc.SimpleResponse), status.Error(codes.Code(r.GetResponseStatus().GetCode()), "") //nolint:gosec // the codes of this test are small
}

// TestConnect checks the spans of otelconnect, on both sides of a call. By default, a server starts a
// trace of its own.
func TestConnect(t *testing.T) {
	for name, tt := range map[string]struct {
		server []otelconnect.Option
		dark   []string
	}{
		"default": {nil, []string{"Dependencies and service map", "Issues"}},
		"trust":   {[]otelconnect.Option{otelconnect.WithTrustRemote()}, []string{"Issues"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := export(t, func(ctx context.Context) { callConnect(ctx, t, tt.server...) })
			for _, kind := range []tracepb.Span_SpanKind{client, server} {
				e.mustHave(t, kind, procedure[1:], "rpc.system", "connectrpc", "rpc.service", "grpc.testing.TestService", "rpc.method", "UnaryCall")
			}
			e.mustLight(t, "Overview", "Attention", "Operations: gRPC", "Trace breakdowns")
			e.mustDarken(t, tt.dark...)
		})
	}
}

// callConnect makes a call that succeeds, and calls that fail.
func callConnect(ctx context.Context, t *testing.T, server ...otelconnect.Option) {
	t.Helper()
	intercept := func(opts ...otelconnect.Option) connect.Option {
		i, err := otelconnect.NewInterceptor(opts...)
		if err != nil {
			t.Fatal(err)
		}
		return connect.WithInterceptors(i)
	}
	mux := http.NewServeMux()
	mux.Handle(procedure, connect.NewUnaryHandler(procedure, answer, intercept(server...)))
	s := httptest.NewServer(mux)
	defer s.Close()
	c := connect.NewClient[testgrpc.SimpleRequest, testgrpc.SimpleResponse](http.DefaultClient, s.URL+procedure, intercept())
	for _, code := range []connect.Code{0, connect.CodeNotFound, connect.CodeInternal} {
		request := &testgrpc.SimpleRequest{ResponseStatus: &testgrpc.EchoStatus{Code: int32(code)}} //nolint:gosec // the codes of this test are small
		if _, err := c.CallUnary(ctx, connect.NewRequest(request)); (err != nil) != (code != 0) {
			t.Error(err)
		}
	}
}

func answer(_ context.Context, r *connect.Request[testgrpc.SimpleRequest]) (*connect.Response[testgrpc.SimpleResponse], error) {
	if code := r.Msg.GetResponseStatus().GetCode(); code != 0 {
		return nil, connect.NewError(connect.Code(code), nil) //nolint:gosec // the codes of this test are small
	}
	return connect.NewResponse(new(testgrpc.SimpleResponse)), nil
}
