package httptrace_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func exchange(t *testing.T, rt http.RoundTripper, r *http.Request) error {
	t.Helper()
	res, err := (&http.Client{Transport: rt}).Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestTransport(t *testing.T) {
	for _, test := range []struct {
		method, name string
		status       int
		errorType    string
		code         codes.Code
	}{
		{"GET", "GET", 200, "", codes.Unset},
		{"POST", "POST", 302, "", codes.Unset},
		{"PUT", "PUT", 404, "404", codes.Error},
		{"DELETE", "DELETE", 503, "503", codes.Error},
		{"BREW", "HTTP", 418, "418", codes.Error},
	} {
		t.Run(test.method, func(t *testing.T) {
			sdk := oteltest.New(t)
			url := serve(t, answer(test.status))
			if err := exchange(t, httptrace.Transport(nil, options(sdk)...), request(t, test.method, url+"/users/1")); err != nil {
				t.Fatal(err)
			}
			span := sdk.Only(t)
			checkName(t, span, test.name)
			attrs := oteltest.Map(span.Attributes())
			measured := oteltest.Map(sdk.Seconds(t, "http.client.request.duration")[0].Attributes.ToSlice())
			if span.SpanKind() != trace.SpanKindClient || span.Status().Code != test.code || attrs["url.full"] != url+"/users/1" {
				t.Errorf("kind %v, status %v, attributes %v", span.SpanKind(), span.Status(), attrs)
			}
			for _, key := range []string{
				"http.request.method", "server.address", "server.port", "http.response.status_code", "error.type", "network.protocol.version",
			} {
				if attrs[key] != measured[key] {
					t.Errorf("%s is %q on the span and %q in the measurement", key, attrs[key], measured[key])
				}
			}
			if attrs["error.type"] != test.errorType {
				t.Errorf("error.type %q", attrs["error.type"])
			}
		})
	}
}

// TestServerPort checks that the span has server.port even if the port is the default port of the
// scheme.
func TestServerPort(t *testing.T) {
	for url, want := range map[string]string{
		"https://api.example.com/v1":      "443",
		"https://api.example.com:443/v1":  "443",
		"https://api.example.com:80/v1":   "80",
		"https://api.example.com:8443/v1": "8443",
		"http://api.example.com/v1":       "80",
		"http://api.example.com:80/v1":    "80",
		"http://api.example.com:443/v1":   "443",
		"http://api.example.com:8080/v1":  "8080",
		"https://[::1]/v1":                "443",
		"http://:8080/v1":                 "8080",
		"http://[::1]:8080/v1":            "8080",
	} {
		for name, base := range map[string]roundTripper{
			"answered": func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
			},
			"failed": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		} {
			sdk := oteltest.New(t)
			_ = exchange(t, httptrace.Transport(base, options(sdk)...), request(t, "GET", url))
			attrs := oteltest.Map(sdk.Only(t).Attributes())
			measured := oteltest.Map(sdk.Seconds(t, "http.client.request.duration")[0].Attributes.ToSlice())
			if attrs["server.port"] != want || measured["server.port"] != want || attrs["server.address"] != measured["server.address"] {
				t.Errorf("%s, %s: span %v, measured %v, want port %s", url, name, attrs, measured, want)
			}
		}
	}
}

func TestTransportOverHTTP2(t *testing.T) {
	sdk := oteltest.New(t)
	server := httptest.NewUnstartedServer(answer(200))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	if err := exchange(t, httptrace.Transport(server.Client().Transport, options(sdk)...), request(t, "GET", server.URL)); err != nil {
		t.Fatal(err)
	}
	attrs := oteltest.Map(sdk.Only(t).Attributes())
	measured := oteltest.Map(sdk.Seconds(t, "http.client.request.duration")[0].Attributes.ToSlice())
	if attrs["network.protocol.version"] != "2" || measured["network.protocol.version"] != "2" || measured["url.scheme"] != "https" {
		t.Errorf("span %v, measured %v", attrs, measured)
	}
}

func TestTransportRedactsURL(t *testing.T) {
	for given, want := range map[string]string{
		"/?q=1&sig=hush":          "/?q=1&sig=REDACTED",
		"/?access_token=hush#x":   "/?access_token=REDACTED#x",
		"user:hush@/":             "REDACTED:REDACTED@/",
		"hush@/?token=hush&b=c%2": "REDACTED:REDACTED@/?token=REDACTED&b=c%2",
	} {
		t.Run(given, func(t *testing.T) {
			sdk := oteltest.New(t)
			host := strings.TrimPrefix(serve(t, http.HandlerFunc(ok)), "http://")
			insert := func(s string) string {
				if before, after, found := strings.Cut(s, "@"); found {
					return "http://" + before + "@" + host + after
				}
				return "http://" + host + s
			}
			if err := exchange(t, httptrace.Transport(nil, options(sdk)...), request(t, "GET", insert(given))); err != nil {
				t.Fatal(err)
			}
			if got := oteltest.Map(sdk.Only(t).Attributes())["url.full"]; got != insert(want) {
				t.Errorf("url.full %q, want %q", got, insert(want))
			}
		})
	}
}

func TestTransportErrors(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(ok))
	closed.Close()
	hangs := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))

	sdk := oteltest.New(t)
	rt := httptrace.Transport(nil, options(sdk)...)
	if err := exchange(t, rt, request(t, "GET", closed.URL)); err == nil {
		t.Fatal("no error")
	}
	late, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := exchange(t, rt, request(t, "GET", hangs).WithContext(late)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	want := []string{"*net.OpError", "context.deadlineExceededError"}
	for i, span := range sdk.Wait(t, 2) {
		if got := oteltest.Map(span.Attributes())["error.type"]; got != want[i] || span.Status().Code != codes.Error {
			t.Errorf("error.type %q, want %q, status %v", got, want[i], span.Status())
		}
	}
	var measured []string
	for _, point := range sdk.Seconds(t, "http.client.request.duration") {
		measured = append(measured, oteltest.Map(point.Attributes.ToSlice())["error.type"])
	}
	if slices.Sort(measured); !slices.Equal(measured, want) {
		t.Errorf("measured %q, want %q", measured, want)
	}
}

func TestCallerThatCancelsMakesNoError(t *testing.T) {
	for name, cause := range map[string]error{"plain": nil, "cause": errors.New("found elsewhere")} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				cancel(cause)
				<-r.Context().Done()
			}))
			if err := exchange(t, httptrace.Transport(nil, options(sdk)...), request(t, "GET", url).WithContext(ctx)); err == nil {
				t.Fatal("no error")
			}
			span := sdk.Only(t)
			checkUnset(t, span)
			measured := oteltest.Map(sdk.Seconds(t, "http.client.request.duration")[0].Attributes.ToSlice())
			if got := oteltest.Map(span.Attributes())["error.type"]; got != "" || measured["error.type"] != "" {
				t.Errorf("error.type %q, measured %q", got, measured["error.type"])
			}
		})
	}
}

// TestTransportBelowARemoteSpan checks a request whose context contains only a remote span. This
// happens, for example, if the span context was read from a message.
func TestTransportBelowARemoteSpan(t *testing.T) {
	sdk := oteltest.New(t)
	sdk.Install(t)
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, Remote: true,
	}))
	url := serve(t, http.HandlerFunc(ok))
	if err := exchange(t, httptrace.Transport(nil), request(t, "GET", url).WithContext(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := sdk.Only(t).Parent().TraceID(); got != (trace.TraceID{1}) {
		t.Errorf("trace %v", got)
	}
}

func TestTransportTwiceMakesOneSpan(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, http.HandlerFunc(ok))
	inner := httptrace.Transport(nil, options(sdk)...)
	between := roundTripper(func(r *http.Request) (*http.Response, error) { return inner.RoundTrip(r.Clone(r.Context())) })
	if err := exchange(t, httptrace.Transport(between, options(sdk)...), request(t, "GET", url)); err != nil {
		t.Fatal(err)
	}
	sdk.Only(t)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRequestThatNeedsAnotherMakesTwoSpans(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, http.HandlerFunc(ok))
	plain := httptrace.Transport(nil, options(sdk)...)
	withToken := roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := exchange(t, plain, request(t, "GET", url+"/token").WithContext(r.Context())); err != nil {
			return nil, err
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	if err := exchange(t, httptrace.Transport(withToken, options(sdk)...), request(t, "GET", url+"/users")); err != nil {
		t.Fatal(err)
	}
	if spans := sdk.Wait(t, 2); spans[0].Parent().SpanID() != spans[1].SpanContext().SpanID() {
		t.Error("the span of the token request is not a child of the other span")
	}
}

func TestRedirectsAreCounted(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.Handle("/a", http.RedirectHandler("/b", http.StatusFound))
	mux.Handle("/b", http.RedirectHandler("/c", http.StatusFound))
	mux.HandleFunc("/c", ok)
	if err := exchange(t, httptrace.Transport(nil, options(sdk)...), request(t, "GET", serve(t, mux)+"/a")); err != nil {
		t.Fatal(err)
	}
	for i, span := range sdk.Wait(t, 3) {
		if got, want := oteltest.Map(span.Attributes())["http.request.resend_count"], []string{"", "1", "2"}[i]; got != want {
			t.Errorf("resend_count %q, want %q", got, want)
		}
	}
}

func TestTransportWithoutSpanStillPropagates(t *testing.T) {
	remote := trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, Remote: true,
	}))
	sdk := oteltest.New(t)
	for name, opts := range map[string][]httptrace.Option{
		"filtered": options(sdk, httptrace.WithFilter(func(*http.Request) bool { return false })),
		"no SDK":   {httptrace.WithTracerProvider(tracenoop.NewTracerProvider()), httptrace.WithPropagator(oteltest.W3C)},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Traceparent") }))
			r := request(t, "GET", url).WithContext(remote)
			if name == "filtered" {
				r.Header = nil
			}
			if err := exchange(t, httptrace.Transport(nil, opts...), r); err != nil {
				t.Fatal(err)
			}
			if want := "00-01000000000000000000000000000000-0100000000000000-00"; got != want {
				t.Errorf("traceparent %q, want %q", got, want)
			}
			if r.Header.Get("Traceparent") != "" {
				t.Error("the caller's request was changed")
			}
		})
	}
	if n := sdk.Started(); n != 0 {
		t.Errorf("%d spans", n)
	}
}

func TestTransportClosesIdleConnections(t *testing.T) {
	sdk := oteltest.New(t)
	states := make(chan http.ConnState, 8)
	server := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) { states <- s }
	server.Start()
	defer server.Close()
	client := http.Client{Transport: httptrace.Transport(&http.Transport{}, options(sdk)...)}
	res, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	client.CloseIdleConnections()
	for s := range states {
		if s == http.StateClosed {
			return
		}
	}
}

func TestClientHeaders(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Answer", "42") }))
	r := request(t, "GET", url)
	r.Header.Set("X-Question", "a")
	rt := httptrace.Transport(nil, options(sdk, httptrace.WithRequestHeaders("X-Question"), httptrace.WithResponseHeaders("X-Answer"))...)
	if err := exchange(t, rt, r); err != nil {
		t.Fatal(err)
	}
	attrs := oteltest.Map(sdk.Only(t).Attributes())
	if attrs["http.request.header.x-question"] != `["a"]` || attrs["http.response.header.x-answer"] != `["42"]` {
		t.Errorf("attributes %v", attrs)
	}
}

func TestUnsampledCallCostsNoAttributes(t *testing.T) {
	sdk := oteltest.New(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	if err := exchange(t, httptrace.Transport(nil, options(sdk)...), request(t, "GET", serve(t, http.HandlerFunc(ok)))); err != nil {
		t.Fatal(err)
	}
	body := io.NopCloser(strings.NewReader("hello"))
	res, err := httptrace.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
	}), options(sdk)...).RoundTrip(request(t, "GET", "http://example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.Body != body {
		t.Errorf("the body is a %T, want the body of base", res.Body)
	}
	if n := len(sdk.Ended()); n != 0 {
		t.Errorf("%d spans", n)
	}
	if points := sdk.Seconds(t, "http.client.request.duration"); len(points) != 2 || points[0].Count != 1 {
		t.Errorf("measured %v", points)
	}
}
