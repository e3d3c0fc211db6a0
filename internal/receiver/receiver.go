// Package receiver is an OTLP receiver on a loopback address.
//
// The receiver accepts traces, metrics and logs over gRPC and over HTTP, plain or gzipped. It passes every export
// request to a [Sink], and the sink decides what the answer is. The sink of spor run accepts
// everything. Tests of exporters use sinks that act like a faulty collector: they reject
// requests, do not answer, or accept only a part of a request.
package receiver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // makes the server announce gzip to clients
	"google.golang.org/grpc/keepalive"
)

// A Server receives requests until [Server.Stop] is called.
type Server struct {
	grpc     *grpc.Server
	http     http.ServeMux
	listener *listener
	served   chan struct{}
	stop     sync.Once
}

// Listen starts a receiver on addr. It does not wait for requests. The host in addr must be a
// loopback address. If addr has no host, the host is 127.0.0.1. If the port is 0, the system
// selects a free port, and [Server.Addr] returns it.
func Listen(addr string, sink Sink) (*Server, error) {
	l, err := ListenLoopback(addr)
	if err != nil {
		return nil, err
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
	sink.register(s.grpc, &s.http, s.listener, newIntake())
	go func() {
		defer close(s.served)
		_ = s.grpc.Serve(s.listener) // Serve returns after Stop, because Stop closes the listener
	}()
	return s, nil
}

// ListenLoopback listens on addr, which is the address of a [Listen].
func ListenLoopback(addr string) (net.Listener, error) {
	tcp, err := loopback(addr)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("receiver: listen on %q: %w", addr, err)
	}
	return l, nil
}

// The function loopback resolves addr. It returns an error if another machine could reach this
// address.
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

// Endpoint returns the address as a value for OTEL_EXPORTER_OTLP_ENDPOINT.
func (s *Server) Endpoint() string { return "http://" + s.Addr() }

// Drain waits until all clients have closed their connections and the sink has answered all
// requests. It returns an error if ctx ends first. The receiver still accepts requests during
// and after Drain. The sink may be called until [Server.Stop] returns.
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

// Stop closes the listener and all connections. It cancels the contexts of the requests in
// progress, and waits until the sink has returned from all of them. Clients get a connection
// error, in the same way as when a collector crashes. Stop may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.listener.closeConns() // without this, gRPC would wait for clients that have not sent anything
		s.grpc.Stop()
		<-s.served
		s.listener.awaitCalls()
	})
}
