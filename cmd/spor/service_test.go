//go:build unix

package main_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/setup"
)

// The function serve is a service like the service in the README. It sends one request to itself.
// The argument how decides what the service does after the request:
//   - "serves": it runs until a signal ends it.
//   - "fails": it ends with an error.
//   - "leaks": it writes a log line with a personal number, and ends.
//   - any other value: it ends.
func serve(how string) int {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	if err := setup.Run(context.Background(), func(ctx context.Context) error { return serveOnce(ctx, how) }); err != nil {
		return 3
	}
	return 0
}

func serveOnce(ctx context.Context, how string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		slog.InfoContext(r.Context(), "hello", "name", r.PathValue("name"))
		fmt.Fprintln(w, "hello")
	})
	server := httptest.NewServer(httptrace.Handler(mux))
	defer server.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/hello/anna", nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: httptrace.Transport(nil)}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch how {
	case "serves":
		<-ctx.Done()
	case "fails":
		return errors.New("no more names")
	case "leaks":
		fmt.Println(`{"level":"INFO","message":"last seen: 01017012345"}`)
	}
	return nil
}
