package chitrace_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/chitrace"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	provider := httptrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	r := chi.NewRouter()
	r.Use(chitrace.Middleware(provider))
	r.Route("/teams/{team}", func(r chi.Router) {
		r.Get("/users/{id}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "user", chi.URLParam(r, "id"))
		})
	})
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/teams/nais/users/42", nil))

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output: server GET /teams/{team}/users/{id}
}
