package httptrace_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func TestHandlerNamesSpanAfterPattern(t *testing.T) {
	for pattern, path := range map[string]string{
		"GET /users/{id}":               "/users/1",
		"/any/{id}":                     "/any/1",
		"GET example.com/h/{id}":        "/h/1",
		"/files/{rest...}":              "/files/a/b",
		"/exact/{$}":                    "/exact/",
		"/static/":                      "/static/a.js",
		"example.com/":                  "/what/ever",
		"POST /users/{id}/teams/{team}": "",
	} {
		if path == "" {
			continue
		}
		t.Run(pattern, func(t *testing.T) {
			sdk := oteltest.New(t)
			mux := http.NewServeMux()
			mux.HandleFunc(pattern, ok)
			span, attrs := spanOf(t, sdk, httptrace.Handler(mux, options(sdk)...), httptest.NewRequest("GET", path, nil))
			want := pattern[indexSlash(pattern):]
			checkName(t, span, "GET "+want)
			if got := attrs["http.route"]; got != want {
				t.Errorf("http.route %q, want %q", got, want)
			}
		})
	}
}

func indexSlash(s string) int {
	for i := range s {
		if s[i] == '/' {
			return i
		}
	}
	return 0
}

func TestRouteIsTheSameFromOutsideAndInside(t *testing.T) {
	attributes := func(build func(*http.ServeMux, http.Handler, []httptrace.Option) http.Handler) map[string]string {
		sdk := oteltest.New(t)
		h := build(http.NewServeMux(), http.HandlerFunc(ok), options(sdk))
		span, attrs := spanOf(t, sdk, h, httptest.NewRequest("GET", "/users/1", nil))
		attrs["name"] = span.Name()
		return attrs
	}
	outside := attributes(func(mux *http.ServeMux, h http.Handler, opts []httptrace.Option) http.Handler {
		mux.Handle("GET /users/{id}", h)
		return httptrace.Handler(mux, opts...)
	})
	inside := attributes(func(mux *http.ServeMux, h http.Handler, opts []httptrace.Option) http.Handler {
		mux.Handle("GET /users/{id}", httptrace.Handler(h, opts...))
		return mux
	})
	both := attributes(func(mux *http.ServeMux, h http.Handler, opts []httptrace.Option) http.Handler {
		mux.Handle("GET /users/{id}", httptrace.Handler(h, opts...))
		return httptrace.Handler(mux, opts...)
	})
	if !maps.Equal(outside, inside) || !maps.Equal(outside, both) {
		t.Errorf("outside %v\ninside  %v\nboth    %v", outside, inside, both)
	}
}

func TestMuxInMux(t *testing.T) {
	inner := func(pattern string) *http.ServeMux {
		mux := http.NewServeMux()
		mux.HandleFunc(pattern, ok)
		return mux
	}
	strip := func(prefix string, h http.Handler) http.Handler { return http.StripPrefix(prefix, h) }
	for _, test := range []struct {
		name  string
		mount func(traced func(http.Handler) http.Handler) http.Handler
		path  string
		want  string
	}{
		{"prefix and no Handler inside", func(func(http.Handler) http.Handler) http.Handler {
			return strip("/strip", inner("GET /users/{id}"))
		}, "/strip/users/1", "GET /strip/"},
		{"prefix", func(traced func(http.Handler) http.Handler) http.Handler {
			return strip("/strip", traced(inner("GET /users/{id}")))
		}, "/strip/users/1", "GET /strip/users/{id}"},
		{"prefix, no route", func(traced func(http.Handler) http.Handler) http.Handler {
			return strip("/strip", traced(inner("GET /users/{id}")))
		}, "/strip/nowhere", "GET"},
		{
			"whole paths", func(func(http.Handler) http.Handler) http.Handler { return inner("GET /strip/users/{id}") },
			"/strip/users/1", "GET /strip/users/{id}",
		},
		{"whole paths and Handler", func(traced func(http.Handler) http.Handler) http.Handler {
			return traced(inner("GET /strip/users/{id}"))
		}, "/strip/users/1", "GET /strip/users/{id}"},
		{
			"whole paths, no route", func(func(http.Handler) http.Handler) http.Handler { return inner("GET /strip/users/{id}") },
			"/strip/nowhere", "GET",
		},
		{"twice", func(traced func(http.Handler) http.Handler) http.Handler {
			middle := http.NewServeMux()
			middle.Handle("/v1/", strip("/v1", traced(inner("GET /users/{id}"))))
			return strip("/strip", traced(middle))
		}, "/strip/v1/users/1", "GET /strip/v1/users/{id}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			traced := func(h http.Handler) http.Handler { return httptrace.Handler(h, options(sdk)...) }
			outer := http.NewServeMux()
			outer.Handle("/strip/", test.mount(traced))
			span, _ := spanOf(t, sdk, traced(outer), httptest.NewRequest("GET", test.path, nil))
			checkName(t, span, test.want)
		})
	}
}

// TestStrippedPathIsNotInTheRoute checks a path prefix that was removed before any mux matched
// it. The prefix is not in the route, because it can contain personal data.
func TestStrippedPathIsNotInTheRoute(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cases/{id}", ok)
	inner := httptrace.Handler(mux, options(sdk)...)
	h := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/01017012345", inner).ServeHTTP(w, r)
	}), options(sdk)...)
	span, _ := spanOf(t, sdk, h, httptest.NewRequest("GET", "/01017012345/cases/1", nil))
	checkName(t, span, "GET /cases/{id}")
}

func TestCopyBetweenHandlerAndMuxHidesRoute(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", ok)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(w, r.WithContext(r.Context())) })
	span, _ := spanOf(t, sdk, httptrace.Handler(h, options(sdk)...), httptest.NewRequest("GET", "/users/1", nil))
	checkName(t, span, "GET")
}

func TestRedirectOfMuxHasRouteOfTarget(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/dir/", ok)
	span, attrs := spanOf(t, sdk, httptrace.Handler(mux, options(sdk)...), httptest.NewRequest("GET", "/dir", nil))
	checkName(t, span, "GET /dir/")
	checkUnset(t, span)
	if got := attrs["http.response.status_code"]; got != "307" {
		t.Errorf("status %s", got)
	}
}

func TestCatchAllThatFindsNothingIsNoRoute(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/", http.NotFound)
	h := httptrace.Handler(mux, options(sdk)...)
	for i := range 1000 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/nowhere/%d", i), nil))
	}
	for _, span := range sdk.Ended() {
		checkName(t, span, "GET")
	}
	if n := len(sdk.Seconds(t, "http.server.request.duration")); n != 1 {
		t.Errorf("%d series", n)
	}
}

// TestRouteOfRequestThatTimedOut checks that the span of a request has its route even if the
// request timed out.
func TestRouteOfRequestThatTimedOut(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	left := make(chan struct{})
	mux.HandleFunc("GET /slow/{id}", func(_ http.ResponseWriter, r *http.Request) {
		defer close(left)
		<-r.Context().Done()
	})
	inner := httptrace.Handler(mux, options(sdk)...)
	h := httptrace.Handler(http.TimeoutHandler(inner, 50*time.Millisecond, "late"), options(sdk)...)
	span, attrs := spanOf(t, sdk, h, httptest.NewRequest("GET", "/slow/1", nil))
	<-left
	checkName(t, span, "GET /slow/{id}")
	if attrs["http.response.status_code"] != "503" || attrs["error.type"] != "503" {
		t.Errorf("attributes %v", attrs)
	}
}

// TestSetRouteWithEqualValues checks a path in which two parameters have the same value. For such
// a path, an adapter that replaces values with parameter names would find a wrong route.
func TestSetRouteWithEqualValues(t *testing.T) {
	sdk := oteltest.New(t)
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { httptrace.SetRoute(r, "/a/:x/b/:y") })
	span, attrs := spanOf(t, sdk, httptrace.Handler(h, options(sdk)...), httptest.NewRequest("GET", "/a/1/b/1", nil))
	checkName(t, span, "GET /a/:x/b/:y")
	if got := attrs["http.route"]; got != "/a/:x/b/:y" {
		t.Errorf("http.route %q", got)
	}
}

func TestSetRouteWithoutSpan(t *testing.T) {
	httptrace.SetRoute(httptest.NewRequest("GET", "/", nil), "/")
	httptrace.SetRoute(httptest.NewRequest("GET", "/", nil).WithContext(context.Background()), "")
}

func TestMethodInLowerCase(t *testing.T) {
	for method, want := range map[string]string{"get": "GET", "brew": "HTTP"} {
		sdk := oteltest.New(t)
		span, _ := spanOf(t, sdk, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...), httptest.NewRequest(method, "/", nil))
		checkName(t, span, want)
	}
}
