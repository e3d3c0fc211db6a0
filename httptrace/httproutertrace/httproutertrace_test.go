package httproutertrace_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/httproutertrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
)

func TestConformance(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Template: func(pattern string) string { return strings.NewReplacer("{", ":", "}", "").Replace(pattern) },
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			r := httprouter.New()
			for _, route := range routes {
				if route.Fails {
					route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
				}
				r.HandlerFunc(route.Method, strings.NewReplacer("{", ":", "}", "").Replace(route.Pattern), route.Handler)
			}
			return httproutertrace.Handler(r, opts...)
		},
	})
}

func ok(http.ResponseWriter, *http.Request, httprouter.Params) {}

func TestRoutes(t *testing.T) {
	for _, test := range []struct{ target, want, status string }{
		{"GET /", "GET /", "200"},
		{"GET /users/1", "GET /users/:id", "200"},
		{"GET /users/users", "GET /users/:id", "200"},
		{"GET /users/:id", "GET /users/:id", "200"},
		{"GET /a/1/b/1", "GET /a/:x/b/:y", "200"},
		{"GET /a/a/b/a", "GET /a/:x/b/:y", "200"},
		{"GET /a/b/b/b", "GET /a/:x/b/:y", "200"},
		{"GET /a/:y/b/:x", "GET /a/:x/b/:y", "200"},
		{"GET /a//b/1", "GET /a/:x/b/:y", "200"},
		{"GET /name_name_/name_", "GET /name_:name/:more", "200"},
		{"GET /files/a/b", "GET /files/*filepath", "200"},
		{"GET /files/", "GET /files/*filepath", "200"},
		{"GET /of/of/of/of/of", "GET /of/:who/*rest", "200"},
		{"GET /static/missing", "GET", "404"},
		{"GET /nowhere", "GET", "404"},
		{"GET /users/1/", "GET", "301"},
		{"DELETE /users/1", "DELETE", "405"},
		{"OPTIONS /users/1", "OPTIONS", "200"},
		{"GET /panics/1", "GET /panics/:id", "500"},
	} {
		t.Run(test.target, func(t *testing.T) {
			sdk := oteltest.New(t)
			r := httprouter.New()
			r.GET("/", ok)
			r.GET("/users/:id", ok)
			r.GET("/a/:x/b/:y", ok)
			r.GET("/name_:name/:more", ok)
			r.GET("/files/*filepath", ok)
			r.GET("/of/:who/*rest", ok)
			r.GET("/panics/:id", func(http.ResponseWriter, *http.Request, httprouter.Params) { panic("on purpose") })
			r.ServeFiles("/static/*filepath", http.Dir(t.TempDir()))
			r.PanicHandler = func(w http.ResponseWriter, _ *http.Request, _ any) { w.WriteHeader(http.StatusInternalServerError) }

			method, path, _ := strings.Cut(test.target, " ")
			httproutertrace.Handler(r, httptrace.WithTracerProvider(sdk.TracerProvider)).
				ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
			span := sdk.Only(t)
			if got := span.Name(); got != test.want {
				t.Errorf("span is named %q, want %q", got, test.want)
			}
			if got := oteltest.Map(span.Attributes())["http.response.status_code"]; got != test.status {
				t.Errorf("status %q, want %q", got, test.status)
			}
		})
	}
}

// FuzzRoute checks the route in the span's name. It must always be the path with which the handler
// of the request was registered.
func FuzzRoute(f *testing.F) {
	paths := []string{"/", "/a/:x/b/:y", "/a/:x/c", "/a/:x/", "/b/:b/:bb/b", "/b/:b/:bb", "/c/*rest", "/d/d:d/*d", "/e/:x/e/:xx/e/*xxx"}
	r := httprouter.New()
	var registered string
	for _, path := range paths {
		r.GET(path, func(http.ResponseWriter, *http.Request, httprouter.Params) { registered = path })
	}
	for _, seed := range append(paths, "/a/1/b/1", "/b/b/b/b", "/e/e/e/e/e/e", "/d/d/d", "/d/dd/d", "/a//c", "/a/:y/b/:x", "/c/", "/e//e//e/") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		req := httptest.NewRequest("GET", "/", nil)
		req.URL.Path = path
		registered = ""
		sdk := oteltest.New(t)
		httproutertrace.Handler(r, httptrace.WithTracerProvider(sdk.TracerProvider)).ServeHTTP(httptest.NewRecorder(), req)
		want := "GET"
		if registered != "" {
			want = "GET " + registered
		}
		if got := sdk.Only(t).Name(); got != want {
			t.Errorf("%q is served by %q and named %q", path, want, got)
		}
	})
}

func TestMounted(t *testing.T) {
	httpsuite.RunMounted(t, func(prefix string, mounted http.Handler, opts ...httptrace.Option) http.Handler {
		r := httprouter.New()
		r.Handler("GET", prefix+"/*path", mounted)
		return httproutertrace.Handler(r, opts...)
	})
}
