package muxtrace_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gorilla/mux"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/muxtrace"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	provider := httptrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	r := mux.NewRouter()
	r.PathPrefix("/teams/{team}").Subrouter().HandleFunc("/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "user", mux.Vars(r)["id"])
	})
	h := muxtrace.Handler(r, provider)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/teams/nais/users/42", nil))

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output: server GET /teams/{team}/users/{id}
}
