package httproutertrace_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/julienschmidt/httprouter"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/httproutertrace"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	provider := httptrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	router := httprouter.New()
	router.GET("/teams/:team/users/:id", func(w http.ResponseWriter, _ *http.Request, p httprouter.Params) {
		fmt.Fprintln(w, "user", p.ByName("id"))
	})
	h := httproutertrace.Handler(router, provider)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/teams/nais/users/42", nil))

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output: server GET /teams/:team/users/:id
}
