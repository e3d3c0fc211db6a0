package connectrpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// connectSpan contains the expected values of a server span and of its metric.
type connectSpan struct {
	method, route, status, errorType string
}

// connectCalls are calls of all kinds, with the span that each of them must have. The route has no
// prefix. The route "unknown" is the route of unknown procedures.
var connectCalls = []struct {
	name string
	call func(*testing.T, connectSite)
	want connectSpan
}{
	{"unary", connectUnary(unaryCall, 0), connectSpan{"POST", unaryCall, "200", ""}},
	{"GET", connectGet, connectSpan{"GET", cacheableCall, "200", ""}},
	{"stream", connectStream(0), connectSpan{"POST", outputCall, "200", ""}},
	{"gRPC", grpcUnary(0), connectSpan{"POST", unaryCall, "200", ""}},
	{"gRPC stream", grpcStream(0), connectSpan{"POST", duplexCall, "200", ""}},
	{"internal error", connectUnary(unaryCall, connect.CodeInternal), connectSpan{"POST", unaryCall, "500", "500"}},
	{"unavailable", connectUnary(unaryCall, connect.CodeUnavailable), connectSpan{"POST", unaryCall, "503", "503"}},
	{"not found", connectUnary(unaryCall, connect.CodeNotFound), connectSpan{"POST", unaryCall, "404", ""}},
	{"stream error", connectStream(connect.CodeInternal), connectSpan{"POST", outputCall, "200", ""}},
	{"gRPC error", grpcUnary(connect.CodeInternal), connectSpan{"POST", unaryCall, "200", ""}},
	{"unknown procedure", connectUnary(connectPath+"Nothing", connect.CodeUnimplemented), connectSpan{"POST", "unknown", "", ""}},
	{"unknown gRPC method", grpcUnknown, connectSpan{"POST", "unknown", "", ""}},
}

// TestConnectRoutes checks that each procedure of a Connect service has its own route.
func TestConnectRoutes(t *testing.T) {
	for _, mount := range connectMounts {
		t.Run(mount.name, func(t *testing.T) {
			for _, row := range connectCalls {
				t.Run(row.name, func(t *testing.T) {
					site := newConnectSite(t, mount.prefix, mount.handler)
					row.call(t, site)
					checkConnect(t, site.sdk, row.want.in(mount))
				})
			}
		})
	}
}

// TestUnknownConnectProcedures checks that clients cannot create names or series.
func TestUnknownConnectProcedures(t *testing.T) {
	for _, mount := range connectMounts {
		t.Run(mount.name, func(t *testing.T) {
			site := newConnectSite(t, mount.prefix, mount.handler)
			for i := range 20 {
				connectUnary(fmt.Sprint(connectPath, i), connect.CodeUnimplemented)(t, site)
			}
			names := map[string]bool{}
			for _, span := range site.sdk.Wait(t, 20) {
				names[span.Name()] = true
			}
			if len(names) != 1 {
				t.Errorf("the spans have the names %v", names)
			}
			if series := site.sdk.Seconds(t, "http.server.request.duration"); len(series) != 1 {
				t.Errorf("the metric has %d series", len(series))
			}
		})
	}
}

// TestConnectFailures checks the interceptor of docs/http.md. It makes a span an error if Connect
// sends the error with the status 200.
func TestConnectFailures(t *testing.T) {
	calls := []struct {
		name  string
		call  func(*testing.T, connectSite)
		route string
		want  string // error.type; "" if there is no error
	}{
		{"gRPC", grpcUnary(connect.CodeInternal), unaryCall, "internal"},
		{"gRPC stream", grpcStream(connect.CodeUnavailable), duplexCall, "unavailable"},
		{"stream", connectStream(connect.CodeDataLoss), outputCall, "data_loss"},
		{"not found", grpcUnary(connect.CodeNotFound), unaryCall, ""},
		{"no error", grpcUnary(0), unaryCall, ""},
	}
	for _, row := range calls {
		t.Run(row.name, func(t *testing.T) {
			site := newConnectSite(t, "", func(opts ...httptrace.Option) http.Handler {
				return httptrace.Handler(connectMux(connect.WithInterceptors(failures{})), opts...)
			})
			row.call(t, site)
			checkConnect(t, site.sdk, connectSpan{"POST", row.route, "200", row.want})
		})
	}
}

// failures is the interceptor that docs/http.md shows.
type failures struct{}

func (failures) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		response, err := next(ctx, request)
		recordFailure(ctx, err)
		return response, err
	}
}

func (failures) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		err := next(ctx, conn)
		recordFailure(ctx, err)
		return err
	}
}

func (failures) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func recordFailure(ctx context.Context, err error) {
	if err == nil {
		return
	}
	switch code := connect.CodeOf(err); code {
	case connect.CodeUnknown, connect.CodeDeadlineExceeded, connect.CodeUnimplemented,
		connect.CodeInternal, connect.CodeUnavailable, connect.CodeDataLoss:
		errorType := semconv.ErrorTypeKey.String(code.String())
		span := trace.SpanFromContext(ctx)
		span.SetAttributes(errorType)
		span.SetStatus(codes.Error, "")
		labeler, _ := otelhttp.LabelerFromContext(ctx) // for the metric
		labeler.Add(errorType)
	}
}

// The method in returns the values that are expected for mount.
func (want connectSpan) in(mount connectMount) connectSpan {
	if want.route == "unknown" {
		want.route = mount.unknown
	}
	if want.route != "" {
		want.route = mount.prefix + want.route
	}
	return want
}

func checkConnect(t *testing.T, sdk *oteltest.SDK, want connectSpan) {
	t.Helper()
	span := sdk.Only(t)
	attrs := oteltest.Map(span.Attributes())
	name := want.method
	if want.route != "" {
		name += " " + want.route
	}
	if span.Name() != name || attrs["http.route"] != want.route {
		t.Errorf("span is named %q with the route %q, want %q", span.Name(), attrs["http.route"], name)
	}
	if want.status == "" { // it differs between the versions and the protocols
		return
	}
	if got := attrs["http.response.status_code"]; got != want.status {
		t.Errorf("status code %s, want %s", got, want.status)
	}
	if got := attrs["error.type"]; got != want.errorType || (got != "") != (span.Status().Code == codes.Error) {
		t.Errorf("error.type %q with the status %v, want %q", got, span.Status(), want.errorType)
	}
	checkConnectMetric(t, sdk, span, want)
}

func checkConnectMetric(t *testing.T, sdk *oteltest.SDK, span sdktrace.ReadOnlySpan, want connectSpan) {
	t.Helper()
	series := sdk.Seconds(t, "http.server.request.duration")
	if len(series) != 1 {
		t.Fatalf("the metric has %d series after the span %s", len(series), span.Name())
	}
	attrs := oteltest.Map(series[0].Attributes.ToSlice())
	if attrs["http.route"] != want.route || attrs["error.type"] != want.errorType {
		t.Errorf("the metric has the attributes %v, want %v", attrs, want)
	}
}

// connectUnary returns a call of a procedure with the Connect protocol over HTTP/1.1. The answer of
// the procedure has the given code.
func connectUnary(procedure string, code connect.Code) func(*testing.T, connectSite) {
	return func(t *testing.T, site connectSite) {
		t.Helper()
		client := connect.NewClient[testgrpc.SimpleRequest, testgrpc.SimpleResponse](site.client, site.url+procedure)
		_, err := client.CallUnary(t.Context(), connect.NewRequest(&testgrpc.SimpleRequest{ResponseStatus: echo(code)}))
		checkCode(t, err, code)
	}
}

func connectGet(t *testing.T, site connectSite) {
	t.Helper()
	client := connect.NewClient[testgrpc.SimpleRequest, testgrpc.SimpleResponse](site.client, site.url+cacheableCall,
		connect.WithHTTPGet(), connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	_, err := client.CallUnary(t.Context(), connect.NewRequest(new(testgrpc.SimpleRequest)))
	checkCode(t, err, 0)
}

func connectStream(code connect.Code) func(*testing.T, connectSite) {
	return func(t *testing.T, site connectSite) {
		t.Helper()
		client := connect.NewClient[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse](site.client, site.url+outputCall)
		stream, err := client.CallServerStream(t.Context(), connect.NewRequest(&testgrpc.StreamingOutputCallRequest{ResponseStatus: echo(code)}))
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		for stream.Receive() {
		}
		checkCode(t, stream.Err(), code)
	}
}

func grpcUnary(code connect.Code) func(*testing.T, connectSite) {
	return func(t *testing.T, site connectSite) {
		t.Helper()
		_, err := site.grpc.UnaryCall(t.Context(), &testgrpc.SimpleRequest{ResponseStatus: echo(code)})
		checkGRPC(t, err, code)
	}
}

func grpcStream(code connect.Code) func(*testing.T, connectSite) {
	return func(t *testing.T, site connectSite) {
		t.Helper()
		stream, err := site.grpc.FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&testgrpc.StreamingOutputCallRequest{ResponseStatus: echo(code)}); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		if _, err = stream.Recv(); errors.Is(err, io.EOF) {
			err = nil
		}
		checkGRPC(t, err, code)
	}
}

func grpcUnknown(t *testing.T, site connectSite) {
	t.Helper()
	err := site.conn.Invoke(t.Context(), connectPath+"Nothing", new(testgrpc.Empty), new(testgrpc.Empty))
	checkGRPC(t, err, connect.CodeUnimplemented)
}

func echo(code connect.Code) *testgrpc.EchoStatus {
	return &testgrpc.EchoStatus{Code: int32(code)} //nolint:gosec // the codes are small
}

func checkCode(t *testing.T, err error, want connect.Code) {
	t.Helper()
	if want == 0 && err != nil || want != 0 && connect.CodeOf(err) != want {
		t.Errorf("the caller got %v, want the code %d", err, want)
	}
}

func checkGRPC(t *testing.T, err error, want connect.Code) {
	t.Helper()
	if got := connect.Code(status.Code(err)); got != want {
		t.Errorf("the caller got %v, want the code %d", err, want)
	}
}
