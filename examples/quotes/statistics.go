package main

import (
	"log/slog"
	"net/http"

	"github.com/nais/spor/httptrace"
)

// statisticsRoutes returns the HTTP handler of the worker. The gateway sends requests to
// it.
func statisticsRoutes(s store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /statistics", func(w http.ResponseWriter, r *http.Request) {
		counts, err := s.statistics(r.Context())
		if err != nil {
			slog.ErrorContext(r.Context(), "statistics were not read", "error", err)
			http.Error(w, "no statistics", http.StatusServiceUnavailable)
			return
		}
		answer(w, r, http.StatusOK, counts)
	})
	return httptrace.Handler(mux)
}
