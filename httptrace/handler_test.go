package httptrace_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// options makes httptrace use sdk.
func options(sdk *oteltest.SDK, more ...httptrace.Option) []httptrace.Option {
	return append([]httptrace.Option{
		httptrace.WithTracerProvider(sdk.TracerProvider),
		httptrace.WithMeterProvider(sdk.MeterProvider),
		httptrace.WithPropagator(sdk.Propagator),
	}, more...)
}

// serve starts a server and returns its URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res
}

func TestHandlerNamesSpanAfterRoute(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hi") })
	url := serve(t, httptrace.Handler(mux, options(sdk)...))
	get(t, url+"/users/1")
	span := sdk.Only(t)
	if got, want := span.Name(), "GET /users/{id}"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
}
