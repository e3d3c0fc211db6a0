package httptrace_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// result contains the expected values for one span. They must also be in the metric.
type result struct {
	status, errorType string
	code              codes.Code
}

func (want result) check(t *testing.T, sdk *oteltest.SDK, span sdktrace.ReadOnlySpan) {
	t.Helper()
	attrs := oteltest.Map(span.Attributes())
	got := result{attrs["http.response.status_code"], attrs["error.type"], span.Status().Code}
	if got != want {
		t.Errorf("%s span: got %v, want %v", span.SpanKind(), got, want)
	}
	name := "http.server.request.duration"
	if span.SpanKind() == trace.SpanKindClient {
		name = "http.client.request.duration"
	}
	points := sdk.Seconds(t, name)
	if len(points) != 1 || points[0].Count != 1 {
		t.Fatalf("%s: measured %v", name, points)
	}
	measured := oteltest.Map(points[0].Attributes.ToSlice())
	if measured["http.response.status_code"] != want.status || measured["error.type"] != want.errorType {
		t.Errorf("%s: measured %v, want %v", name, measured, want)
	}
}

// TestAbortedResponses checks a reverse proxy whose server or whose client disappears while the
// body of the response is copied. In both cases the proxy panics with http.ErrAbortHandler.
func TestAbortedResponses(t *testing.T) {
	for name, test := range map[string]struct {
		clientLeaves bool
		want         result
	}{
		"server dies":   {false, result{"200", "response_aborted", codes.Error}},
		"client leaves": {true, result{"200", "client_disconnected", codes.Unset}},
	} {
		for _, version := range []int{1, 2} {
			t.Run(name, func(t *testing.T) {
				sdk := oteltest.New(t)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				backend := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Write(make([]byte, 100))
					http.NewResponseController(w).Flush()
					if test.clientLeaves {
						endless(w, r)
					}
					panic(http.ErrAbortHandler)
				}))
				target, err := url.Parse(backend)
				if err != nil {
					t.Fatal(err)
				}
				proxy := httputil.NewSingleHostReverseProxy(target)
				server := httptest.NewUnstartedServer(httptrace.Handler(proxy, options(sdk)...))
				protocols := new(http.Protocols)
				protocols.SetHTTP1(version == 1)
				protocols.SetUnencryptedHTTP2(version == 2)
				server.Config.Protocols = protocols
				server.Start()
				t.Cleanup(server.Close)
				client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
				res, err := client.Do(request(t, "GET", server.URL).WithContext(ctx))
				if test.clientLeaves {
					leave()
				}
				if err == nil {
					if _, err = io.Copy(io.Discard, res.Body); err == nil {
						t.Error("the client got the whole response")
					}
					res.Body.Close()
				}
				span := sdk.Only(t)
				test.want.check(t, sdk, span)
				if len(span.Events()) != 0 {
					t.Errorf("events %v", span.Events())
				}
			})
		}
	}
}

// TestExpectedStatus checks that an expected status is not an error, on both sides.
func TestExpectedStatus(t *testing.T) {
	for _, test := range []struct {
		status         int
		expected       []int
		client, server result
	}{
		{404, nil, result{"404", "404", codes.Error}, result{"404", "", codes.Unset}},
		{404, []int{404}, result{"404", "", codes.Unset}, result{"404", "", codes.Unset}},
		{404, []int{409, 410}, result{"404", "404", codes.Error}, result{"404", "", codes.Unset}},
		{503, []int{404, 503}, result{"503", "", codes.Unset}, result{"503", "", codes.Unset}},
		{500, []int{404, 503}, result{"500", "500", codes.Error}, result{"500", "500", codes.Error}},
	} {
		callee, caller := oteltest.New(t), oteltest.New(t)
		expected := httptrace.WithExpectedStatus(test.expected...)
		address := serve(t, httptrace.Handler(answer(test.status), options(callee, expected)...))
		if err := exchange(t, httptrace.Transport(nil, options(caller, expected)...), request(t, "GET", address)); err != nil {
			t.Fatal(err)
		}
		test.client.check(t, caller, caller.Only(t))
		test.server.check(t, callee, callee.Only(t))
	}
}

// TestBaseThatDoesNotReturn checks a base that panics or ends its goroutine. The span ends, and
// the panic continues.
func TestBaseThatDoesNotReturn(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	failure := errors.New("on purpose")
	for name, test := range map[string]struct {
		base   func()
		value  any
		kind   string
		events int
	}{
		"panic with an error": {func() { panic(failure) }, failure, "*errors.errorString", 1},
		"panic with a text":   {func() { panic("on purpose") }, "on purpose", "string", 1},
		"panic with nil":      {func() { panic(nil) }, nil, "_OTHER", 0},
		"Goexit":              {runtime.Goexit, nil, "_OTHER", 0},
	} {
		for mode, provider := range modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				sdk := oteltest.New(t)
				rt := httptrace.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
					test.base()
					return nil, nil
				}), options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))...)
				r := request(t, "GET", "http://example.com/users/1")
				ended := make(chan any)
				returned := false
				go func() {
					defer close(ended)
					defer func() {
						if v := recover(); v != nil {
							ended <- v
						}
					}()
					rt.RoundTrip(r) //nolint:bodyclose // it does not return
					returned = true
				}()
				if got := <-ended; got != test.value || returned {
					t.Errorf("the panic has the value %v, returned %t", got, returned)
				}
				span := sdk.Only(t)
				result{"", test.kind, codes.Error}.check(t, sdk, span)
				if len(span.Events()) != test.events || oteltest.Map(span.Attributes())["url.full"] != "http://example.com/users/1" {
					t.Errorf("events %v, attributes %v", span.Events(), span.Attributes())
				}
			})
		}
	}
}

// TestHandlerOfNil checks that nil means http.DefaultServeMux, as in net/http.
func TestHandlerOfNil(t *testing.T) {
	defer func(old *http.ServeMux) { http.DefaultServeMux = old }(http.DefaultServeMux)
	sdk := oteltest.New(t)
	http.DefaultServeMux = http.NewServeMux()
	http.HandleFunc("GET /users/{id}", ok)
	for _, h := range []http.Handler{httptrace.Handler(nil, options(sdk)...), httptrace.Middleware(options(sdk)...)(nil)} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/users/1", nil))
	}
	for _, span := range sdk.Wait(t, 2) {
		checkName(t, span, "GET /users/{id}")
	}
}
