package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
)

// drainTimeout is the longest time that open requests may continue after SIGTERM. NAIS kills a
// pod about 25 seconds after this signal. drainTimeout is shorter than that, because the flush
// of the telemetry also needs time.
const drainTimeout = 10 * time.Second

type server struct {
	address string
	drain   func(context.Context) error
}

// startHTTP starts an HTTP server on address. The server passes all requests to handler. The
// server runs until its method stop is called.
func startHTTP(ctx context.Context, address string, handler http.Handler) (*server, error) {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		// With this logger, the messages of net/http are also JSON, for example the message
		// about a panic of a handler.
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelError),
	}
	return start(ctx, address, s.Serve, s.Shutdown)
}

// startGRPC starts the gRPC server s on address. The server runs until the method stop of the
// result is called.
func startGRPC(ctx context.Context, address string, s *grpc.Server) (*server, error) {
	return start(ctx, address, s.Serve, func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, s.Stop) // Stop also ends GracefulStop
		defer stop()
		s.GracefulStop()
		return ctx.Err()
	})
}

func start(ctx context.Context, address string, serve func(net.Listener) error, drain func(context.Context) error) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			slog.ErrorContext(ctx, "server ended", "error", err)
		}
	}()
	return &server{address: reachable(listener.Addr()), drain: drain}, nil
}

// reachable returns a loopback address with the port of addr.
func reachable(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// stop makes the server refuse new requests, and waits until the open requests have ended.
// ctx has already ended, so stop uses its own timeout.
func (s *server) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := s.drain(ctx); err != nil {
		slog.ErrorContext(ctx, "open requests were aborted", "error", err)
	}
}
