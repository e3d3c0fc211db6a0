// Http is a minimal traced service: an HTTP server that runs under setup.Run.
//
//	spor run -- go run ./http
//	curl localhost:8080/hello/nais
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/setup"
)

func main() {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	if err := setup.Run(context.Background(), run); err != nil {
		os.Exit(1)
	}
}

// run serves requests until SIGTERM. It then finishes the open requests and returns.
// After that, setup.Run flushes the spans.
func run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", hello)
	server := &http.Server{Addr: cmp.Or(os.Getenv("BIND_ADDRESS"), ":8080"), Handler: httptrace.Handler(mux)}
	drained := make(chan error, 1)
	context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.WithoutCancel(ctx)) })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

func hello(w http.ResponseWriter, r *http.Request) {
	slog.InfoContext(r.Context(), "hello") // the log line has trace_id and span_id
}
