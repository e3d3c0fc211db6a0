package grpcsuite

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

// The parameter span must be the server span for a call to an unknown method. The function unknown
// returns the values that the span contains, and the method name that the caller sent.
func unknown(span sdktrace.ReadOnlySpan) (seenAs seen, original string) {
	attrs := oteltest.Map(span.Attributes())
	return seen{method: attrs["rpc.method"], code: attrs["rpc.response.status_code"], errorType: attrs["error.type"]},
		attrs["rpc.method_original"]
}

func testUnknownRPC(t *testing.T, s *site) {
	checkUnknown(t, s, "grpc.testing.TestService/Nothing", "unknown method Nothing for service grpc.testing.TestService")
}

func testUnknownService(t *testing.T, s *site) {
	checkUnknown(t, s, "wp.Admin/Login", "unknown service wp.Admin")
}

// checkUnknown calls a method that the server does not have. It checks that the caller gets
// gRPC's own error and not the error of an interceptor. It also checks the spans and metrics on
// both ends.
func checkUnknown(t *testing.T, s *site, method, message string) {
	t.Helper()
	asked := false
	s.start(t, setting{serverOptions: []grpc.ServerOption{grpc.StreamInterceptor(
		func(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error {
			asked = true
			return status.Error(codes.Unauthenticated, "who are you?")
		})}})
	err := s.call(conformance.Within(t), "/"+method)
	if got := status.Convert(err); got.Code() != codes.Unimplemented || got.Message() != message || asked {
		t.Errorf("the caller got %v", err)
	}
	s.checkClient(t, failed(method, "UNIMPLEMENTED"))
	checkOther(t, s.serverSide.Only(t), method, "UNIMPLEMENTED")
	failed("_OTHER", "UNIMPLEMENTED").checkMeasured(t, s.serverSide, "rpc.server.call.duration", nil)
}

func checkOther(t *testing.T, span sdktrace.ReadOnlySpan, method, code string) {
	t.Helper()
	if got := span.Name(); got != "grpc" {
		t.Errorf("span is named %q", got)
	}
	got, original := unknown(span)
	if got.method != "_OTHER" || got.code != code || original != method {
		t.Errorf("span: got %+v and rpc.method_original %q", got, original)
	}
}

// testUnknownMethods checks that a server does not store the names of unknown methods. The test
// calls very many different unknown methods. If the server stored their names, it would use much
// more memory.
func testUnknownMethods(t *testing.T, s *site) {
	// The client stores the names of its methods. Therefore a filter turns off the recording of
	// its calls.
	nothing := grpctrace.WithFilter(func(string) bool { return false })
	s.start(t, setting{client: []grpctrace.Option{nothing}})
	long := strings.Repeat("x", 500)
	ctx := conformance.Within(t)
	call := func(from, to int) {
		var group sync.WaitGroup
		for worker := range 4 {
			group.Go(func() {
				for i := from + worker; i < to; i += 4 {
					checkCode(t, s.call(ctx, fmt.Sprintf("/%s%d/%d", long, i, i)), codes.Unimplemented)
				}
			})
		}
		group.Wait()
	}
	const many = 10_000
	calls := many
	if s.network.name != "tcp" {
		calls = 1000
	}
	call(0, calls/10)
	before := heapWithoutSpans(t, s)
	call(calls/10, calls)
	grown := int64(heapWithoutSpans(t, s)) - int64(before)
	// The limit is half of the memory that the names would use. It is checked only after many
	// calls, because other parts of the process also change the size of the heap.
	if most := int64(calls * len(long) / 2); calls == many && grown > most {
		t.Errorf("the heap has grown by %d bytes, want at most %d", grown, most)
	}
	points := s.serverSide.Seconds(t, "rpc.server.call.duration")
	if len(points) != 1 || points[0].Count != uint64(calls) {
		t.Errorf("%d series, want one with %d calls", len(points), calls)
	}
}

// heapWithoutSpans removes the spans that the test has stored, and returns the size of the heap.
func heapWithoutSpans(t *testing.T, s *site) uint64 {
	t.Helper()
	s.checkReceived(t)
	runtime.GC()
	runtime.GC() // the second run also frees the objects in pools
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// testUnknownImpatient checks calls of unknown methods that are canceled immediately. In some of
// these calls, gRPC cannot send a status.
func testUnknownImpatient(t *testing.T, s *site) {
	s.start(t, setting{})
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.call(ctx, "/no/body") }()
		runtime.Gosched()
		cancel()
		<-done
	}
	if err := s.unary(conformance.Within(t)); err != nil {
		t.Fatal(err)
	}
}

// testUnknownHandler checks a server, such as a proxy, that has a handler for unknown methods.
func testUnknownHandler(t *testing.T, s *site) {
	s.start(t, setting{serverOptions: []grpc.ServerOption{grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(new(testgrpc.Empty)); err != nil {
			return err
		}
		return stream.SendMsg(&testgrpc.Empty{})
	})}})
	if err := s.call(conformance.Within(t), "/some.Service/Method"); err != nil {
		t.Fatal(err)
	}
	checkOther(t, s.serverSide.Only(t), "some.Service/Method", "OK")
}

func testMalformedMethod(t *testing.T, s *site) {
	s.start(t, setting{})
	checkCode(t, s.call(conformance.Within(t), "/malformed"), codes.Unimplemented)
	s.checkClient(t, failed("malformed", "UNIMPLEMENTED"))
}
