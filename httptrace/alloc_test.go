//go:build !race

package httptrace_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func application() *http.ServeMux {
	body := []byte("hello")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	mux.HandleFunc("GET /internal/isalive", func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	return mux
}

// serverAllocs returns the number of allocations of h for one request to path. header is a list
// of names and values in turn.
func serverAllocs(t *testing.T, h http.Handler, path string, header ...string) float64 {
	t.Helper()
	r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.ServerContextKey, 1), http.MethodGet, path, nil)
	r.Header.Set("User-Agent", "test")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := oteltest.NewWriter()
	return testing.AllocsPerRun(1000, func() {
		clear(w.Headers)
		h.ServeHTTP(w, r)
	})
}

func atMost(t *testing.T, what string, got, want float64) {
	t.Helper()
	t.Logf("%s: %v allocations, at most %v allowed", what, got, want)
	if got > want {
		t.Errorf("%s: %v allocations, want at most %v", what, got, want)
	}
}

func TestServerAllocatesHalfOfOtelhttp(t *testing.T) {
	for name, sampler := range map[string]sdktrace.Sampler{
		"sampled":       sdktrace.ParentBased(sdktrace.AlwaysSample()),
		"never sampled": sdktrace.NeverSample(),
	} {
		for mode, provider := range modes {
			sdk := oteltest.NewSilent(t, sampler)
			rival := otelhttp.NewHandler(application(), "server", otelhttp.WithTracerProvider(sdk.TracerProvider),
				otelhttp.WithMeterProvider(sdk.MeterProvider), otelhttp.WithPropagators(sdk.Propagator))
			ours := httptrace.Handler(application(), options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))...)
			for kind, header := range map[string][]string{
				"":                 {"Traceparent", traceparent},
				", behind a proxy": {"Traceparent", traceparent, "X-Forwarded-For", "1.2.3.4"}, // an ingress sets it
			} {
				want := serverAllocs(t, rival, "/users/1", header...)
				atMost(t, name+", attributes "+mode+kind, serverAllocs(t, ours, "/users/1", header...), want/2)
			}
		}
	}
}

func TestServerWithoutSDKAllocatesNextToNothing(t *testing.T) {
	h := httptrace.Handler(application(), httptrace.WithTracerProvider(tracenoop.NewTracerProvider()),
		httptrace.WithMeterProvider(metricnoop.NewMeterProvider()), httptrace.WithPropagator(oteltest.W3C))
	bare := serverAllocs(t, application(), "/users/1")
	atMost(t, "without traceparent", serverAllocs(t, h, "/users/1"), bare)
	atMost(t, "with traceparent", serverAllocs(t, h, "/users/1", "Traceparent", traceparent), bare+3)
	atMost(t, "with global placeholders", serverAllocs(t, httptrace.Handler(application()), "/users/1"), bare)
}

func TestFilteredRequestAllocatesTwice(t *testing.T) {
	sdk := oteltest.New(t)
	bare := serverAllocs(t, application(), "/internal/isalive")
	got := serverAllocs(t, httptrace.Handler(application(), options(sdk)...), "/internal/isalive", "Traceparent", traceparent)
	atMost(t, "filtered", got, bare+2)
}

type base struct{ body string }

func (b base) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header),
		Body: io.NopCloser(strings.NewReader(b.body)), Request: r,
	}, nil
}

func clientAllocs(t *testing.T, ctx context.Context, rt http.RoundTripper) float64 { //nolint:revive // t comes first, as in all helpers
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/users/1?q=2", nil)
	r.Body = nil
	buf := make([]byte, 512)
	return testing.AllocsPerRun(1000, func() {
		res, err := rt.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = res.Body.Read(buf)
		}
		res.Body.Close()
	})
}

func TestTransportAllocatesLessThanOtelhttp(t *testing.T) {
	parent := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	cancellable, cancel := context.WithCancel(parent)
	t.Cleanup(cancel)
	for name, sampler := range map[string]sdktrace.Sampler{
		"sampled":       sdktrace.ParentBased(sdktrace.AlwaysSample()),
		"never sampled": sdktrace.NeverSample(),
	} {
		for mode, provider := range modes {
			sdk := oteltest.NewSilent(t, sampler)
			rival := otelhttp.NewTransport(base{"hello"}, otelhttp.WithTracerProvider(sdk.TracerProvider),
				otelhttp.WithMeterProvider(sdk.MeterProvider), otelhttp.WithPropagators(sdk.Propagator))
			ours := httptrace.Transport(base{"hello"}, options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))...)
			what := name + ", attributes " + mode
			atMost(t, what, clientAllocs(t, parent, ours), 0.75*clientAllocs(t, parent, rival))
			atMost(t, what+", cancellable", clientAllocs(t, cancellable, ours), 0.85*clientAllocs(t, cancellable, rival))
		}
	}
}
