package grpcsuite

import (
	"context"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

// recovering returns interceptors that recover from panics and then return err. Most servers have
// similar interceptors.
func recovering(err error) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, result error) {
			defer func() {
				if recover() != nil {
					result = err
				}
			}()
			return handler(ctx, req)
		}),
		grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) (result error) {
			defer func() {
				if recover() != nil {
					result = err
				}
			}()
			return handler(srv, stream)
		}),
	}
}

func checkPanic(t *testing.T, span sdktrace.ReadOnlySpan) {
	t.Helper()
	events := span.Events()
	if len(events) != 1 || events[0].Name != "exception" {
		t.Fatalf("events %v", events)
	}
	got := oteltest.Map(events[0].Attributes)
	if got["exception.type"] != "string" || got["exception.message"] != "on purpose" ||
		!strings.Contains(got["exception.stacktrace"], "PanicOnPurpose") {
		t.Errorf("exception %v", got)
	}
}

func testRPCPanic(t *testing.T, s *site) {
	s.service.panics()
	s.start(t, setting{serverOptions: recovering(status.Error(codes.Internal, "sorry"))})
	checkCode(t, s.unary(conformance.Within(t)), codes.Internal)
	server, _ := s.check(t, failed(unaryMethod, "INTERNAL"), failed(unaryMethod, "INTERNAL"))
	checkPanic(t, server)
}

func testStreamPanic(t *testing.T, s *site) {
	s.service.panics()
	s.start(t, setting{serverOptions: recovering(status.Error(codes.Aborted, "sorry"))})
	checkCode(t, drain(s.open(t, conformance.Within(t))), codes.Aborted)
	// The server span is an error because of the panic. The code ABORTED is not an error on a
	// server.
	server, _ := s.check(t, seen{method: duplexMethod, code: "ABORTED", errorType: "string", failed: true}, failed(duplexMethod, "ABORTED"))
	checkPanic(t, server)
}

func testSwallowedPanic(t *testing.T, s *site) {
	s.service.panics()
	s.start(t, setting{serverOptions: recovering(nil)})
	if err := drain(s.open(t, conformance.Within(t))); err != nil {
		t.Fatal(err)
	}
	server := s.serverSide.Only(t)
	checkSeen(t, server, seen{method: duplexMethod, errorType: "string", failed: true})
	checkPanic(t, server)
}

func testClientPanic(t *testing.T, s *site) {
	s.start(t, setting{dialOptions: []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption) error {
			conformance.PanicOnPurpose()
			return nil
		}),
		grpc.WithChainStreamInterceptor(func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
			conformance.PanicOnPurpose()
			return nil, nil
		}),
	}})
	for name, call := range map[string]func(){
		"unary":  func() { s.unary(conformance.Within(t)) },
		"stream": func() { s.client.FullDuplexCall(conformance.Within(t)) },
	} {
		func() {
			defer func() {
				if got := recover(); got != "on purpose" {
					t.Errorf("%s: recovered %v", name, got)
				}
			}()
			call()
		}()
	}
	for _, span := range s.clientSide.Wait(t, 2) {
		if oteltest.Map(span.Attributes())["error.type"] == "" {
			t.Errorf("status %v", span.Status())
		}
	}
}
