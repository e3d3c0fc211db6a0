package httptrace_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// senders contains all ways in which a handler can send the header of a response.
var senders = map[string]http.HandlerFunc{
	"nothing":     ok,
	"Write":       func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) },
	"WriteHeader": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
	"WriteString": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
	"Flush":       func(w http.ResponseWriter, _ *http.Request) { http.NewResponseController(w).Flush() },
	"Copy": func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, io.LimitReader(strings.NewReader("hello"), 3))
	},
	"early hints": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "hello")
	},
	"Error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) },
}

// plainWriter has no optional interfaces, like the writer of many middlewares.
type plainWriter struct{ http.ResponseWriter }

func setting(name string, values ...string) func(http.Header) {
	return func(h http.Header) { h[name] = values }
}

// TestTraceHeadersBesideOthers checks that values of Server-Timing from other code are kept, and
// that the response contains the value of the span once.
func TestTraceHeadersBesideOthers(t *testing.T) {
	other := `traceparent;desc="00-11111111111111111111111111111111-2222222222222222-01"`
	nothing := func(http.Header) {}
	for name, test := range map[string]struct {
		outer, inner func(http.Header)
		want         []string // the values of Server-Timing; OURS is the value of the span
	}{
		"none":                    {nothing, nothing, []string{"OURS"}},
		"outer middleware":        {setting("Server-Timing", "db;dur=53"), nothing, []string{"db;dur=53", "OURS"}},
		"handler that sets":       {nothing, setting("Server-Timing", "db;dur=53"), []string{"db;dur=53", "OURS"}},
		"handler that adds":       {nothing, func(h http.Header) { h.Add("Server-Timing", "db;dur=53") }, []string{"db;dur=53", "OURS"}},
		"both":                    {setting("Server-Timing", "lb"), func(h http.Header) { h.Add("Server-Timing", "db;dur=53") }, []string{"lb", "db;dur=53", "OURS"}},
		"handler that deletes":    {nothing, func(h http.Header) { h.Del("Server-Timing") }, nil},
		"proxy of a traced one":   {nothing, func(h http.Header) { h.Add("Server-Timing", other) }, []string{"OURS"}},
		"proxy that merges lists": {nothing, func(h http.Header) { h.Add("Server-Timing", "db;dur=53, "+other+" , cpu") }, []string{"db;dur=53, cpu", "OURS"}},
	} {
		for sender, send := range senders {
			for _, plain := range []bool{false, true} {
				sdk := oteltest.New(t)
				traced := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					test.inner(w.Header())
					send(w, r)
				}), options(sdk)...)
				server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					test.outer(w.Header())
					if plain && sender != "Flush" {
						w = plainWriter{w}
					}
					traced.ServeHTTP(w, r)
				}))
				_, header := get(t, server)
				span := sdk.Only(t).SpanContext()
				got := slices.Clone(header["Server-Timing"])
				for i := range got {
					if got[i] == fmt.Sprintf(`traceparent;desc="00-%s-%s-01"`, span.TraceID(), span.SpanID()) {
						got[i] = "OURS"
					}
				}
				slices.Sort(got)
				want := slices.Sorted(slices.Values(test.want))
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s, plain writer %t: got %q, want %q", name, sender, plain, got, want)
				}
			}
		}
	}
}

// TestTraceHeadersBehindAProxy checks a traced reverse proxy in front of a traced server. The
// response of the proxy contains each trace header once, with the values of the proxy.
func TestTraceHeadersBehindAProxy(t *testing.T) {
	sdk := oteltest.New(t)
	backend := serve(t, httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Server-Timing", "db;dur=53")
		io.WriteString(w, "hello")
	}), options(sdk)...))
	target, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = httptrace.Transport(nil, options(sdk)...)
	_, header := get(t, serve(t, httptrace.Handler(proxy, options(sdk)...)), "Origin", "https://www.nav.no")
	outer := sdk.Wait(t, 3)[2].SpanContext()
	timing := header["Server-Timing"]
	ours := fmt.Sprintf(`traceparent;desc="00-%s-%s-01"`, outer.TraceID(), outer.SpanID())
	if !slices.Equal(timing, []string{"db;dur=53", ours}) {
		t.Errorf("Server-Timing %q, want db;dur=53 and %s", timing, ours)
	}
	if ids := header["X-Trace-Id"]; !slices.Equal(ids, []string{outer.TraceID().String()}) {
		t.Errorf("X-Trace-Id %q", ids)
	}
	if names := header["Access-Control-Expose-Headers"]; !slices.Equal(names, []string{"Server-Timing, X-Trace-Id"}) {
		t.Errorf("Access-Control-Expose-Headers %q", names)
	}
}

// TestTraceIDOfOthersIsKept checks that a response keeps the X-Trace-Id of other middleware.
func TestTraceIDOfOthersIsKept(t *testing.T) {
	sdk := oteltest.New(t)
	w := httptest.NewRecorder()
	w.Header().Set("X-Trace-Id", "other")
	httptrace.Handler(http.HandlerFunc(ok), options(sdk)...).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Header()["X-Trace-Id"]; !slices.Equal(got, []string{"other"}) {
		t.Errorf("X-Trace-Id %q", got)
	}
}
