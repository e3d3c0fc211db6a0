// Package grpcsuite tests the spans and metrics of grpctrace, on the server and on the client.
package grpcsuite

import (
	"context"
	"net"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/nais/spor/grpctrace"
)

// RPC describes one way to use grpctrace with gRPC. The documentation of grpctrace describes
// several ways.
type RPC struct {
	// Server returns a server. The parameter opts contains options of grpctrace, and the parameter
	// more contains options of gRPC.
	Server func(opts []grpctrace.Option, more ...grpc.ServerOption) *grpc.Server
	// Client returns a client of target. The parameter opts contains options of grpctrace, and the
	// parameter more contains options of gRPC.
	Client func(target string, opts []grpctrace.Option, more ...grpc.DialOption) (*grpc.ClientConn, error)
	// Watch gets every span of the suite. It may be nil. It is shut down at the end of each row,
	// which is one test of the suite.
	Watch sdktrace.SpanProcessor
	// Late is true if the attributes of a span may be set when it ends.
	Late bool
}

// Run checks that calls are recorded correctly on the server and on the client. It uses TCP
// connections and connections in memory.
func Run(t *testing.T, rpc RPC) {
	t.Helper()
	for _, network := range networks {
		for _, row := range rows {
			t.Run(network.name+"/"+row.name, func(t *testing.T) {
				s := &site{rpc: rpc, network: network, service: new(service)}
				row.run(t, s)
				s.checkNothingLost(t)
			})
		}
	}
}

type network struct {
	name string
	// listen returns:
	//   - a listener for the server,
	//   - the target for the client,
	//   - the attributes that describe the address in the target,
	//   - the options that the client needs to connect.
	listen func(t *testing.T) (l net.Listener, target string, address map[string]string, more []grpc.DialOption)
}

var networks = []network{{"tcp", listenTCP}, {"bufconn", listenMemory}}

func listenTCP(t *testing.T) (net.Listener, string, map[string]string, []grpc.DialOption) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l, "localhost:" + port, map[string]string{"server.address": "localhost", "server.port": port}, nil
}

func listenMemory(t *testing.T) (net.Listener, string, map[string]string, []grpc.DialOption) {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }
	return l, "passthrough:///backend:8080", map[string]string{"server.address": "backend", "server.port": "8080"},
		[]grpc.DialOption{grpc.WithContextDialer(dial)}
}
