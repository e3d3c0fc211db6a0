package grpctrace_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestServedByNetHTTP checks a gRPC server that is the handler of a net/http server. In this
// case, gRPC handles each request as a separate connection.
func TestServedByNetHTTP(t *testing.T) {
	sdk := oteltest.New(t)
	server := grpctrace.NewServer(grpctrace.ServerOptions(options(sdk)...)...)
	testgrpc.RegisterTestServiceServer(server, echo{})
	front := httptest.NewUnstartedServer(server)
	front.Config.Protocols = new(http.Protocols)
	front.Config.Protocols.SetUnencryptedHTTP2(true)
	front.Start()
	defer front.Close()
	conn, err := grpc.NewClient(front.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	call(t, conn)
	err = conn.Invoke(t.Context(), "/no/body", new(testgrpc.Empty), new(testgrpc.Empty))
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("the caller got %v", err)
	}
	for i, span := range sdk.Wait(t, 2) {
		attrs := oteltest.Map(span.Attributes())
		if got, want := span.Name(), []string{"grpc.testing.TestService/UnaryCall", "grpc"}[i]; got != want {
			t.Errorf("span is named %q, want %q", got, want)
		}
		if got, want := attrs["rpc.response.status_code"], []string{"OK", "UNIMPLEMENTED"}[i]; got != want {
			t.Errorf("status code %q, want %q", got, want)
		}
		if attrs["network.peer.address"] != "127.0.0.1" || attrs["network.peer.port"] == "" {
			t.Errorf("the server's span has no peer: %v", attrs)
		}
	}
}
