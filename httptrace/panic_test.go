package httptrace_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// recoverer is a middleware like the middleware that many routers provide. If next panics,
// recoverer sends the status 500.
func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func muxThatPanics(v any) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /boom/{id}", func(http.ResponseWriter, *http.Request) { panic(v) })
	return mux
}

func TestPanicRecoveredOutside(t *testing.T) {
	sdk := oteltest.New(t)
	h := recoverer(httptrace.Handler(muxThatPanics(errors.New("no")), options(sdk)...))
	span, attrs := spanOf(t, sdk, h, httptest.NewRequest("GET", "/boom/1", nil))
	checkName(t, span, "GET /boom/{id}")
	if span.Status().Code != codes.Error || len(span.Events()) != 1 || attrs["http.response.status_code"] != "500" ||
		attrs["error.type"] != "*errors.errorString" {
		t.Errorf("status %v, events %v, attributes %v", span.Status(), span.Events(), attrs)
	}
	points := sdk.Seconds(t, "http.server.request.duration")
	if len(points) != 1 || points[0].Count != 1 {
		t.Fatalf("measured %v", points)
	}
	if got := oteltest.Map(points[0].Attributes.ToSlice()); got["error.type"] != "*errors.errorString" || got["http.route"] != "/boom/{id}" {
		t.Errorf("measured %v", got)
	}
}

// TestPanicRecoveredInside checks a middleware that is inside Handler and recovers from a panic.
// The span has the status that the middleware sends. It has no event for the panic.
func TestPanicRecoveredInside(t *testing.T) {
	sdk := oteltest.New(t)
	h := httptrace.Handler(recoverer(muxThatPanics("no")), options(sdk)...)
	span, attrs := spanOf(t, sdk, h, httptest.NewRequest("GET", "/boom/1", nil))
	checkName(t, span, "GET /boom/{id}")
	if span.Status().Code != codes.Error || len(span.Events()) != 0 || attrs["error.type"] != "500" {
		t.Errorf("status %v, events %v, attributes %v", span.Status(), span.Events(), attrs)
	}
}

func TestPanicGoesOnUnchanged(t *testing.T) {
	for name, value := range map[string]any{
		"string": "x", "error": http.ErrBodyNotAllowed, "abort": http.ErrAbortHandler, "not comparable": []int{1},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			h := httptrace.Handler(muxThatPanics(value), options(sdk)...)
			defer func() {
				got := recover()
				if list, ok := got.([]int); ok && len(list) == 1 {
					got, value = nil, nil
				}
				if got != value {
					t.Errorf("recovered %v, want %v", got, value)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/boom/1", nil))
		})
	}
}

func TestGoexitEndsSpan(t *testing.T) {
	sdk := oteltest.New(t)
	h := httptrace.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }), options(sdk)...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}()
	<-done
	span := sdk.Only(t)
	attrs := oteltest.Map(span.Attributes())
	if got, sent := attrs["http.response.status_code"]; sent || attrs["error.type"] != "response_aborted" {
		t.Errorf("status %q, error.type %q, but nothing was sent", got, attrs["error.type"])
	}
}

// TestNilPanicGoesOn checks panic(nil), for which recover returns nil with panicnil=1.
func TestNilPanicGoesOn(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	sdk := oteltest.New(t)
	h := httptrace.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(nil) }), options(sdk)...)
	returned := false
	func() {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		returned = true
	}()
	if returned {
		t.Error("Handler returned, want a panic")
	}
	sdk.Only(t)
}

func TestPanicMessageIsRedacted(t *testing.T) {
	sdk := oteltest.New(t)
	h := recoverer(httptrace.Handler(muxThatPanics("GET https://x/?access_token=hush&id=01017012345"), options(sdk)...))
	span, _ := spanOf(t, sdk, h, httptest.NewRequest("GET", "/boom/1", nil))
	message := oteltest.Map(span.Events()[0].Attributes)["exception.message"]
	if strings.Contains(message, "hush") || strings.Contains(message, "01017012345") {
		t.Errorf("message %q", message)
	}
}
