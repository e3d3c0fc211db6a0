package load_test

import (
	"net/http"
	"net/http/httptest"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// serve serves requests one after another with the pipeline of p. It stores the duration of
// each request in times. If p has a rate, each request has a due time, and nothing is flushed.
func (p plan) serve(times []time.Duration) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/users/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handler := httptrace.Handler(mux)
	if p.Pipeline == "stock" {
		otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
		handler = otelhttp.NewHandler(mux, "server")
	}
	request := httptest.NewRequest(http.MethodGet, "http://bench-app.team-x.svc/api/v1/users/12345", nil)
	request.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)")
	response := oteltest.NewWriter()
	begin := time.Now()
	for i := range times {
		p.waitUntilDue(begin, i)
		clear(response.Headers)
		before := time.Now()
		handler.ServeHTTP(response, request)
		times[i] = time.Since(before)
		if p.Rate == 0 && i%flushEvery == flushEvery-1 {
			flush()
		}
	}
}
