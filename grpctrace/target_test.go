package grpctrace_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestClientNamesItsTarget checks that the span and the metric have the address and the port of
// the target, even if the server does not exist.
func TestClientNamesItsTarget(t *testing.T) {
	for target, want := range map[string]struct{ address, port string }{
		"quotes:8080":                        {"quotes", "8080"},
		"quotes":                             {"quotes", "443"},
		"dns:///quotes.team.svc:8080":        {"quotes.team.svc", "8080"},
		"dns://8.8.8.8/quotes.team.svc:8080": {"quotes.team.svc", "8080"},
		"dns:///quotes.team.svc":             {"quotes.team.svc", "443"},
		"dns:///quotes:grpc":                 {"quotes", ""},
		"dns:///%5B2001:db8::1%5D:443":       {"2001:db8::1", "443"},
		"[2001:db8::1]:8080":                 {"2001:db8::1", "8080"},
		":8080":                              {"localhost", "8080"},
		"127.0.0.1:8080":                     {"127.0.0.1", "8080"},
		"passthrough:///quotes":              {"quotes", ""},
		"passthrough:quotes:8080":            {"quotes", "8080"},
		"unix:///run/quotes.sock":            {"/run/quotes.sock", ""},
		"unix:quotes.sock":                   {"quotes.sock", ""},
		"unix-abstract:quotes":               {"quotes", ""},
	} {
		t.Run(target, func(t *testing.T) {
			sdk := oteltest.New(t)
			conn, err := grpctrace.NewClient(target, append(grpctrace.DialOptions(options(sdk)...),
				grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody") }))...)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, new(testgrpc.SimpleRequest))
			span := oteltest.Map(sdk.Only(t).Attributes())
			points := sdk.Seconds(t, "rpc.client.call.duration")
			for where, got := range map[string]map[string]string{
				"span": span, "measurement": oteltest.Map(points[0].Attributes.ToSlice()),
			} {
				if got["server.address"] != want.address || got["server.port"] != want.port {
					t.Errorf("%s has address %q and port %q, want %v", where, got["server.address"], got["server.port"], want)
				}
			}
		})
	}
}
