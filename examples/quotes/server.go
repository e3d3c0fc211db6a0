package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// drainTimeout is how long requests may go on after the service was told to
// stop. NAIS gives a pod about 25 seconds; telemetry wants the last of them.
const drainTimeout = 10 * time.Second

// server is a running HTTP server.
type server struct {
	http *http.Server
	url  string
}

// start serves handler on address until stop.
func start(ctx context.Context, address string, handler http.Handler) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &server{
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 5 * time.Second,
			// What net/http has to say, panics of handlers among it, as JSON.
			ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelError),
		},
		url: "http://" + reachable(listener.Addr()),
	}
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.ErrorContext(ctx, "server ended", "error", err)
		}
	}()
	return s, nil
}

// reachable returns the address under which this machine reaches addr.
func reachable(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// stop accepts no more requests and waits for those under way. ctx has ended by
// then, so the wait has a time limit of its own.
func (s *server) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		slog.ErrorContext(ctx, "requests were cut off", "error", err)
	}
}

// alive answers the probes of nais.yaml.
func alive(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
