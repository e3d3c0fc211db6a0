// Leaktest is a service that records personal data, which a careful program would not do. It
// puts the data of its requests into span names, attributes, events, errors, panics, metrics
// and logs. A test checks that the output and the exported telemetry of the service contain
// neither personal numbers nor credentials.
//
// Leaktest listens on the address in LEAKTEST_ADDRESS. It sends requests to itself and to the
// address in LEAKTEST_UNREACHABLE. When it is stopped, it panics with the text in
// LEAKTEST_LAST_WORDS.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/chitrace"
	"github.com/nais/spor/setup"
)

var lastWords = os.Getenv("LEAKTEST_LAST_WORDS")

func main() {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, &slog.HandlerOptions{AddSource: true})).With("about", lastWords))
	registry := prometheus.NewRegistry()
	registry.MustRegister(visits)
	err := setup.Run(context.Background(), run,
		setup.WithGatherer(registry), setup.WithResource(attribute.String("owner", lastWords)))
	if err != nil {
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", os.Getenv("LEAKTEST_ADDRESS"))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelError),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := errors.Join(server.Shutdown(ctx), context.Cause(ctx)); err != nil {
		return err
	}
	panic(lastWords) //nolint:forbidigo // the panic is part of the test
}

// routes returns a handler with two routers: the mux of net/http, and a chi router for paths
// that begin with /chi. The two routers have the same handlers.
func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/isready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /users/{id}", visit)
	mux.HandleFunc("GET /fail/{id}", fail)
	mux.HandleFunc("GET /panic/{id}", fall)
	mux.HandleFunc("GET /call/{id}", call)
	mux.HandleFunc("POST /users", create)
	router := chi.NewRouter()
	router.Use(chitrace.Middleware())
	router.Route("/chi", func(r chi.Router) {
		r.Get("/users/{id}", visit)
		r.Get("/fail/{id}", fail)
		r.Get("/panic/{id}", fall)
		r.Get("/call/{id}", call)
		r.Post("/users", create)
	})
	traced := httptrace.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/chi/") {
			router.ServeHTTP(w, r)
			return
		}
		traced.ServeHTTP(w, r)
	})
}
