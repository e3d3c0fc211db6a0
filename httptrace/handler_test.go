package httptrace_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// options returns the options that make httptrace use sdk. The options in the parameter more come
// after them.
func options(sdk *oteltest.SDK, more ...httptrace.Option) []httptrace.Option {
	return append([]httptrace.Option{
		httptrace.WithTracerProvider(sdk.TracerProvider),
		httptrace.WithMeterProvider(sdk.MeterProvider),
		httptrace.WithPropagator(sdk.Propagator),
	}, more...)
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// get sends a GET request and reads the response to its end. header is a list of names and values
// in turn.
func get(t *testing.T, url string, header ...string) (status int, h http.Header) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	noRedirects := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := noRedirects.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header
}

func ok(http.ResponseWriter, *http.Request) {}

// spanOf calls h with r, and returns the span and its attributes. h must use sdk.
func spanOf(t *testing.T, sdk *oteltest.SDK, h http.Handler, r *http.Request) (sdktrace.ReadOnlySpan, map[string]string) {
	t.Helper()
	h.ServeHTTP(httptest.NewRecorder(), r)
	span := sdk.Only(t)
	return span, oteltest.Map(span.Attributes())
}

func checkName(t *testing.T, span sdktrace.ReadOnlySpan, want string) {
	t.Helper()
	if got := span.Name(); got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
}

func checkUnset(t *testing.T, span sdktrace.ReadOnlySpan) {
	t.Helper()
	if got := span.Status(); got.Code != codes.Unset {
		t.Errorf("span has status %v", got)
	}
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
