package chitrace_test

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/chitrace"
	"github.com/nais/spor/internal/conformance"
)

func TestConformance(t *testing.T) {
	conformance.HTTP(t, conformance.Router{
		Handler: func(routes []conformance.Route, opts ...httptrace.Option) http.Handler {
			r := chi.NewRouter()
			r.Use(chitrace.Middleware(opts...))
			for _, route := range routes {
				if route.Fails {
					route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
				}
				r.Method(route.Method, route.Pattern, route.Handler)
			}
			return r
		},
	})
}
