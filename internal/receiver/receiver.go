// Package receiver is an OTLP/gRPC receiver on a loopback address.
//
// It takes traces, metrics and logs, plain or gzipped, and hands every export
// request to a [Sink], which decides the answer. A sink that accepts is what
// spor run stands on; a sink that refuses, stalls or answers in part plays a
// faulty collector for the tests of what exports.
package receiver

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // named in answers as what clients may use
	"google.golang.org/grpc/keepalive"
)

// A Server receives until Stop.
type Server struct {
	grpc     *grpc.Server
	listener *listener
	served   chan struct{}
	stop     sync.Once
}

// Listen starts a receiver on addr and returns at once. The host must be a
// loopback one, none means 127.0.0.1; port 0 takes a free one, see
// [Server.Addr].
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
		grpc.RPCDecompressor(packed{}), //nolint:staticcheck // the other way is one for the whole process
		grpc.WaitForHandlers(true),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	sink.register(s.grpc, s.listener, newIntake())
	go func() {
		defer close(s.served)
		_ = s.grpc.Serve(s.listener) // ends with Stop, which closes the listener
	}()
	return s, nil
}

// loopback resolves addr, which must not be reachable from another machine.
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

// Addr returns the address the receiver listens on, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Endpoint returns the address as exporters take it in
// OTEL_EXPORTER_OTLP_ENDPOINT.
func (s *Server) Endpoint() string { return "http://" + s.Addr() }

// Drain returns when every client has closed its connections and every request
// given to the sink has been answered, or with an error when ctx ends before
// that. The receiver goes on receiving; only [Server.Stop] makes sure that the
// sink is not called again.
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

// Stop closes the listener and all connections, cancels the contexts of the
// requests under way, and returns when the sink has returned from the last of
// them. Clients see their connection break, as when a collector dies. It may
// be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.listener.closeConns() // gRPC would wait for those that never said a word
		s.grpc.Stop()
		<-s.served
	})
}
