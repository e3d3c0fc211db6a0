package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/nais/spor/httptrace"
)

// gateway is the service that people call.
type gateway struct {
	backend string
	client  *http.Client
}

func newGateway(backend string) *gateway {
	return &gateway{
		backend: backend,
		client:  &http.Client{Transport: httptrace.Transport(nil), Timeout: 10 * time.Second},
	}
}

func (g *gateway) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /quotes", func(w http.ResponseWriter, r *http.Request) {
		g.forward(w, r, http.MethodPost, "/quotes")
	})
	mux.HandleFunc("GET /quotes", func(w http.ResponseWriter, r *http.Request) {
		g.forward(w, r, http.MethodGet, "/quotes")
	})
	mux.HandleFunc("GET /quotes/{id}", func(w http.ResponseWriter, r *http.Request) {
		g.forward(w, r, http.MethodGet, "/quotes/"+url.PathEscape(r.PathValue("id")))
	})
	// POST, since net/http sends a GET again when the connection breaks.
	mux.HandleFunc("/boom", func(w http.ResponseWriter, r *http.Request) {
		g.forward(w, r, http.MethodPost, "/boom")
	})
	mux.HandleFunc("GET /internal/isalive", alive)
	mux.HandleFunc("GET /internal/isready", alive)
	return httptrace.Handler(mux)
}

// forward sends the request on to the backend, and the answer back.
func (g *gateway) forward(w http.ResponseWriter, r *http.Request, method, path string) {
	req, err := http.NewRequestWithContext(r.Context(), method, g.backend+path, r.Body)
	if err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	resp, err := g.client.Do(req)
	if err != nil {
		slog.ErrorContext(r.Context(), "backend did not answer", "error", err)
		http.Error(w, "backend did not answer", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		slog.WarnContext(r.Context(), "answer was cut off", "error", err)
	}
}
