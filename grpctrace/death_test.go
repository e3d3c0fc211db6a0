package grpctrace_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/nais/spor/grpctrace"
)

type deadly struct {
	testgrpc.UnimplementedTestServiceServer
}

func (deadly) UnaryCall(context.Context, *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	panic("on purpose")
}

func (deadly) FullDuplexCall(grpc.BidiStreamingServer[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]) error {
	panic("on purpose")
}

func (deadly) EmptyCall(context.Context, *testgrpc.Empty) (*testgrpc.Empty, error) {
	panic(nil)
}

const death = "SPOR_TEST_DEATH"

// TestPanicWithoutRecovery checks that the spans are exported when a panic of a handler ends the
// process. This happens in every gRPC server without an interceptor that recovers from panics.
func TestPanicWithoutRecovery(t *testing.T) {
	if method := os.Getenv(death); method != "" {
		die(t, method)
	}
	for _, method := range []string{"UnaryCall", "FullDuplexCall"} {
		t.Run(method, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanicWithoutRecovery$")
			cmd.Env = append(os.Environ(), death+"="+method)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			var exit *exec.ExitError
			if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Errorf("ended with %v", err)
			}
			if got := stderr.String(); !strings.HasPrefix(got, "panic: on purpose") || !strings.Contains(got, "grpctrace_test.deadly."+method) {
				t.Errorf("stderr: got %q, want the panic and its stack", got)
			}
			want := "finished before Unset []\ngrpc.testing.TestService/" + method + " Error error.type=string [exception on purpose]\n"
			if got := stdout.String(); got != want {
				t.Errorf("exported %q, want %q", got, want)
			}
		})
	}
}

// TestNilPanicGoesOn checks panic(nil), for which recover returns nil with panicnil=1.
func TestNilPanicGoesOn(t *testing.T) {
	if method := os.Getenv(death); method != "" {
		die(t, method)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNilPanicGoesOn$")
	cmd.Env = append(os.Environ(), death+"=EmptyCall", "GODEBUG=panicnil=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.HasPrefix(string(out), "panic: nil") {
		t.Errorf("ended with %v and %q, want a panic", err, out)
	}
}

func die(t *testing.T, method string) {
	t.Helper()
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(printer{}))
	_, span := provider.Tracer("test").Start(t.Context(), "finished before")
	span.End()
	server := grpctrace.NewServer(grpctrace.ServerOptions(grpctrace.WithTracerProvider(provider))...)
	client := testgrpc.NewTestServiceClient(connect(t, server, deadly{}))
	switch method {
	case "UnaryCall":
		client.UnaryCall(t.Context(), new(testgrpc.SimpleRequest))
	case "EmptyCall":
		client.EmptyCall(t.Context(), new(testgrpc.Empty))
		return // the call has an answer only if the panic was swallowed
	default:
		if stream, err := client.FullDuplexCall(t.Context()); err == nil {
			stream.Recv()
		}
	}
	<-t.Context().Done() // the process ends before this
}

type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		var parts []string
		for _, attr := range span.Attributes() {
			if attr.Key == "error.type" || attr.Key == "rpc.response.status_code" {
				parts = append(parts, " "+string(attr.Key)+"="+attr.Value.AsString())
			}
		}
		var events []string
		for _, event := range span.Events() {
			events = append(events, event.Name)
			for _, attr := range event.Attributes {
				if attr.Key == "exception.message" {
					events = append(events, attr.Value.AsString())
				}
			}
		}
		fmt.Println(span.Name(), span.Status().Code.String()+strings.Join(parts, ""), events)
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }
