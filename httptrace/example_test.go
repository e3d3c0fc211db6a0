package httptrace_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/httptrace"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	provider := httptrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "user", r.PathValue("id"))
	})
	server := httptest.NewServer(httptrace.Handler(mux, provider))

	client := http.Client{Transport: httptrace.Transport(nil, provider)}
	res, err := client.Get(server.URL + "/users/42")
	if err != nil {
		fmt.Println(err)
		return
	}
	res.Body.Close()
	server.Close()

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Unordered output:
	// server GET /users/{id}
	// client GET
}
