package httptrace_test

import (
	"net/http"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
)

func muxOf(routes []httpsuite.Route, wrap func(http.Handler) http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	for _, route := range routes {
		if route.Fails {
			route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
		}
		mux.Handle(route.Method+" "+route.Pattern, wrap(route.Handler))
	}
	return mux
}

func TestConformance(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			return httptrace.Handler(muxOf(routes, func(h http.Handler) http.Handler { return h }), opts...)
		},
	})
}

func TestConformanceWithHandlersInside(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			return httptrace.Handler(muxOf(routes, httptrace.Middleware(opts...)), opts...)
		},
	})
}
