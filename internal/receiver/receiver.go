// Package receiver is an OTLP/gRPC receiver on a loopback address.
//
// It accepts traces, metrics and logs, plain or gzipped. It passes every export request to
// a [Sink], which decides on the answer. The sink of spor run accepts everything. Tests of
// exporters have sinks that reject requests, do not answer or accept only a part, as a
// faulty collector does.
package receiver

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // so that the server announces gzip to clients
	"google.golang.org/grpc/keepalive"
)

// A Server receives requests until Stop is called.
type Server struct {
	grpc     *grpc.Server
	listener *listener
	served   chan struct{}
	stop     sync.Once
}

// Listen starts a receiver on addr and returns without waiting for requests. The host must
// be a loopback address. Without a host, it is 127.0.0.1. With port 0, the system selects a
// free port, which [Server.Addr] returns.
func Listen(addr string, sink Sink) (*Server, error) {
	tcp, err := loopback(addr)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("receiver: listen on %q: %w", addr, err)
	}
	s := &Server{listener: track(l), served: make(chan struct{})}
	s.grpc = grpc.NewServer(
		grpc.MaxRecvMsgSize(maxRequestBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.RPCDecompressor(packed{}), //nolint:staticcheck // the alternative is process-wide
		grpc.WaitForHandlers(true),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	sink.register(s.grpc, s.listener, newIntake())
	go func() {
		defer close(s.served)
		_ = s.grpc.Serve(s.listener) // returns after Stop, which closes the listener
	}()
	return s, nil
}

// loopback resolves addr. It returns an error if other machines could reach addr.
func loopback(addr string) (*net.TCPAddr, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("receiver: address %q: %w (want host:port)", addr, err)
	}
	if tcp.IP == nil {
		tcp.IP = net.IPv4(127, 0, 0, 1)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("receiver: address %q is not a loopback address (want 127.0.0.1:port)", addr)
	}
	return tcp, nil
}

// Addr returns the address of the receiver as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Endpoint returns the address in the form for OTEL_EXPORTER_OTLP_ENDPOINT.
func (s *Server) Endpoint() string { return "http://" + s.Addr() }

// Drain waits until every client has closed its connections and the sink has answered every
// request. It returns an error if ctx ends first. The receiver continues to accept
// requests. Only [Server.Stop] makes sure that the sink is not called again.
func (s *Server) Drain(ctx context.Context) error {
	for {
		busy, changed := s.listener.busy()
		if !busy {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("receiver: clients still connected: %w", context.Cause(ctx))
		}
	}
}

// Stop closes the listener and all connections, and cancels the contexts of the requests in
// flight. Then it waits until the sink has returned from all of them. Clients get a
// connection error, as after the crash of a collector. Stop may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.listener.closeConns() // gRPC would wait for clients that have not sent anything
		s.grpc.Stop()
		<-s.served
	})
}
