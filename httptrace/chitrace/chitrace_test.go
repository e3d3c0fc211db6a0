package chitrace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/chitrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
)

func TestConformance(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{Handler: routed, Fresh: fresh})
}

// TestConformanceOfSubRouters checks that a route includes the part from sub-routers, even if
// other middleware copies the request.
func TestConformanceOfSubRouters(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Fresh: fresh,
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			r := chi.NewRouter()
			r.Use(chitrace.Middleware(opts...), middleware.WithValue("key", "value"))
			r.Group(func(r chi.Router) {
				r.Use(middleware.RequestID)
				register(r, routes)
			})
			return r
		},
	})
}

// fresh returns ctx without chi's own context. With chi's context, chi would treat the router as
// a mounted router.
func fresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, chi.RouteCtxKey, (*chi.Context)(nil))
}

func routed(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
	r := chi.NewRouter()
	r.Use(chitrace.Middleware(opts...))
	register(r, routes)
	return r
}

func register(r chi.Router, routes []httpsuite.Route) {
	for _, route := range routes {
		if route.Fails {
			route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
		}
		r.Method(route.Method, route.Pattern, route.Handler)
	}
}

func ok(http.ResponseWriter, *http.Request) {}

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mux/v/{id}", ok)
	mux.HandleFunc("GET /v/{id}", ok)

	sub := chi.NewRouter()
	sub.Get("/", ok)
	sub.Get("/users/{id:[0-9]+}", ok)
	sub.Mount("/deep", func() http.Handler {
		r := chi.NewRouter()
		r.Get("/x/{y}", ok)
		return r
	}())

	for _, test := range []struct{ target, want string }{
		{"GET /", "GET /"},
		{"GET /trail/", "GET /trail"},
		{"GET /sub", "GET /sub"},
		{"GET /sub/users/1", "GET /sub/users/{id:[0-9]+}"},
		{"GET /sub/users/x", "GET"},
		{"GET /sub/deep/x/1", "GET /sub/deep/x/{y}"},
		{"GET /sub/deep/nowhere", "GET"},
		{"DELETE /sub/users/1", "DELETE"},
		{"PROPFIND /sub", "HTTP"},
		{"GET /mux/v/1", "GET /mux/v/{id}"},
		{"GET /mux/nowhere", "GET"},
		{"GET /files/a/b", "GET /files/*"},
		{"GET /missing/a/b", "GET"},
		{"GET /with/1", "GET /with/{id}"},
	} {
		t.Run(test.target, func(t *testing.T) {
			sdk := oteltest.New(t)
			r := chi.NewRouter()
			r.Use(chitrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			r.Get("/", ok)
			r.Get("/trail/", ok)
			r.Mount("/sub", sub)
			r.Mount("/mux", mux)
			r.Get("/files/*", ok)
			r.Get("/missing/*", http.NotFound)
			r.With(middleware.NoCache).Get("/with/{id}", ok)

			var method, path string
			for i := range test.target {
				if test.target[i] == ' ' {
					method, path = test.target[:i], test.target[i+1:]
				}
			}
			r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
			span := sdk.Only(t)
			if got := span.Name(); got != test.want {
				t.Errorf("span is named %q, want %q", got, test.want)
			}
			route, ok := oteltest.Map(span.Attributes())["http.route"]
			if want := test.want[len(knownMethod(test.want)):]; ok != (want != "") || ok && route != want[1:] {
				t.Errorf("http.route %q", route)
			}
		})
	}
}

func knownMethod(name string) string {
	for i := range name {
		if name[i] == ' ' {
			return name[:i]
		}
	}
	return name
}

// TestStrippedMuxInRouter checks routes with a removed prefix. A mux inside http.StripPrefix
// needs its own Handler.
func TestStrippedMuxInRouter(t *testing.T) {
	sdk := oteltest.New(t)
	opts := httptrace.WithTracerProvider(sdk.TracerProvider)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v/{id}", ok)
	outer := http.NewServeMux()
	r := chi.NewRouter()
	r.Use(chitrace.Middleware(opts))
	r.Get("/users/{id}", ok)
	outer.Handle("/api/", http.StripPrefix("/api", r))
	outer.Handle("/mux/", http.StripPrefix("/mux", httptrace.Handler(mux, opts)))
	h := httptrace.Handler(outer, opts)
	for path, want := range map[string]string{"/api/users/1": "GET /api/users/{id}", "/mux/v/1": "GET /mux/v/{id}"} {
		before := len(sdk.Ended())
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		if got := sdk.Ended()[before].Name(); got != want {
			t.Errorf("span is named %q, want %q", got, want)
		}
	}
}

// TestRouterWithoutRoutes checks a router without routes. chi does not run middleware in such a
// router, so there is no span.
func TestRouterWithoutRoutes(t *testing.T) {
	sdk := oteltest.New(t)
	r := chi.NewRouter()
	r.Use(chitrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusNotFound || sdk.Started() != 0 {
		t.Errorf("status %d, %d spans", w.Code, sdk.Started())
	}
}

func TestMiddlewareOutsideChi(t *testing.T) {
	sdk := oteltest.New(t)
	h := chitrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider))(http.HandlerFunc(ok))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if got := sdk.Only(t).Name(); got != "GET" {
		t.Errorf("span is named %q", got)
	}
}

// TestMountedRoutes checks that the whole route is recorded with every version of chi. The
// versions differ in the pattern that they set on the request:
//   - Versions up to 5.2.2 set no pattern.
//   - Versions 5.2.3 to 5.2.5 set the route of the last router.
//   - Later versions set the whole route.
func TestMountedRoutes(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/mux/users/{id}", ok)
	mux.HandleFunc("/v1/mux/static/", ok)
	deep := chi.NewRouter()
	deep.Get("/users/{id}", ok)
	deep.Handle("/files/*", http.HandlerFunc(ok))
	sub := chi.NewRouter()
	sub.Get("/", ok)
	sub.Get("/users/{id:[0-9]+}", ok)
	sub.Get("/trail/", ok)
	sub.Handle("/static/*", http.HandlerFunc(ok))
	sub.Handle("/missing/*", http.NotFoundHandler())
	sub.Mount("/teams/{team}", deep)
	sub.Mount("/mux", mux)
	opts := func(sdk *oteltest.SDK) httptrace.Option { return httptrace.WithTracerProvider(sdk.TracerProvider) }

	for name, around := range map[string]func(chi.Router, *oteltest.SDK) http.Handler{
		"alone":         func(r chi.Router, _ *oteltest.SDK) http.Handler { return r },
		"below Handler": func(r chi.Router, sdk *oteltest.SDK) http.Handler { return httptrace.Handler(r, opts(sdk)) },
		"below a mux": func(r chi.Router, sdk *oteltest.SDK) http.Handler {
			outer := http.NewServeMux()
			outer.Handle("/", r)
			return httptrace.Handler(outer, opts(sdk))
		},
		"below a copy": func(r chi.Router, sdk *oteltest.SDK) http.Handler {
			return httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				r.ServeHTTP(w, req.Clone(req.Context()))
			}), opts(sdk))
		},
	} {
		for path, want := range map[string]string{
			"/v1":                        "GET /v1",
			"/v1/users/1":                "GET /v1/users/{id:[0-9]+}",
			"/v1/trail/":                 "GET /v1/trail",
			"/v1/static/a/b":             "GET /v1/static/*",
			"/v1/missing/a":              "GET",
			"/v1/nowhere":                "GET",
			"/v1/teams/nais/users/1":     "GET /v1/teams/{team}/users/{id}",
			"/v1/teams/nais/files/a.txt": "GET /v1/teams/{team}/files/*",
			"/v1/mux/users/1":            "GET /v1/mux/users/{id}",
			"/v1/mux/static/a.js":        "GET /v1/mux/static/",
			"/v1/mux/nowhere":            "GET",
		} {
			sdk := oteltest.New(t)
			r := chi.NewRouter()
			r.Use(chitrace.Middleware(opts(sdk)))
			r.Mount("/v1", sub)
			around(r, sdk).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
			span := sdk.Only(t)
			if got := span.Name(); got != want {
				t.Errorf("%s, %s: span is named %q, want %q", name, path, got, want)
			}
			if got := oteltest.Map(span.Attributes())["http.route"]; "GET "+got != want && want != "GET" {
				t.Errorf("%s, %s: http.route %q", name, path, got)
			}
		}
	}
}

func TestMounted(t *testing.T) {
	httpsuite.RunMounted(t, func(prefix string, mounted http.Handler, opts ...httptrace.Option) http.Handler {
		r := chi.NewRouter()
		r.Use(chitrace.Middleware(opts...))
		r.Mount(prefix, mounted)
		return r
	})
}
