package httptrace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestLabelersOfOtelhttp checks that programs can still add attributes to metrics with the
// labelers of otelhttp.
func TestLabelersOfOtelhttp(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		labeler, found := otelhttp.LabelerFromContext(r.Context())
		if !found {
			t.Error("no labeler")
		}
		labeler.Add(attribute.String("tier", "gold"))
	}), options(sdk)...))
	var labeler otelhttp.Labeler
	labeler.Add(attribute.String("callee", "users"))
	r := request(t, "GET", url)
	r = r.WithContext(otelhttp.ContextWithClientLabeler(r.Context(), &labeler))
	if err := exchange(t, httptrace.Transport(nil, options(sdk)...), r); err != nil {
		t.Fatal(err)
	}
	sdk.Wait(t, 2)
	server := oteltest.Map(sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice())
	client := oteltest.Map(sdk.Seconds(t, "http.client.request.duration")[0].Attributes.ToSlice())
	if server["tier"] != "gold" || client["callee"] != "users" || client["tier"] != "" {
		t.Errorf("server %v, client %v", server, client)
	}
}

func TestBaggageOnSeveralLines(t *testing.T) {
	sdk := oteltest.New(t)
	var got baggage.Baggage
	h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = baggage.FromContext(r.Context())
	}), options(sdk)...)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Baggage"] = []string{"a=1", "b=2"}
	spanOf(t, sdk, h, r)
	if got.Member("a").Value() != "1" || got.Member("b").Value() != "2" {
		t.Errorf("baggage %v", got)
	}
}

func TestContextOfHandlerIsThatOfNetHTTP(t *testing.T) {
	sdk := oteltest.New(t)
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
	h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := r.Context().Value(key{}); got != "value" {
			t.Errorf("value %v", got)
		}
		cancel()
		<-r.Context().Done()
		if err := r.Context().Err(); err != context.Canceled {
			t.Error(err)
		}
	}), options(sdk)...)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
}

// TestLabelerOfOuterMiddleware checks that attributes which other middleware adds to its own labeler
// are in the metrics.
func TestLabelerOfOuterMiddleware(t *testing.T) {
	sdk := oteltest.New(t)
	labeler := new(otelhttp.Labeler)
	labeler.Add(attribute.String("tier", "gold"))
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(otelhttp.ContextWithLabeler(r.Context(), labeler))
	httptrace.Handler(http.HandlerFunc(ok), options(sdk)...).ServeHTTP(httptest.NewRecorder(), r)
	if got := oteltest.Map(sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice()); got["tier"] != "gold" {
		t.Errorf("measured %v", got)
	}
}

// nilWriter is a writer without headers.
type nilWriter struct{}

func (nilWriter) Header() http.Header         { return nil }
func (nilWriter) Write(p []byte) (int, error) { return len(p), nil }
func (nilWriter) WriteHeader(int)             {}

// TestUnusualRequests checks requests and writers that a program makes itself.
func TestUnusualRequests(t *testing.T) {
	sdk := oteltest.New(t)
	h := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }), options(sdk)...)
	h.ServeHTTP(nilWriter{}, httptest.NewRequest("GET", "/", nil))
	h.ServeHTTP(httptest.NewRecorder(), (&http.Request{Method: "GET"}).WithContext(t.Context()))
	sdk.Wait(t, 2)
}
