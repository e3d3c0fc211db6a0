package muxtrace_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/muxtrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
)

func TestConformance(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			r := mux.NewRouter()
			register(r, routes)
			return muxtrace.Handler(r, opts...)
		},
	})
}

// TestConformanceOfSubrouters checks that a route includes the templates of subrouters, even if
// middleware copies the request.
func TestConformanceOfSubrouters(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			r := mux.NewRouter()
			r.Use(copying)
			sub := r.NewRoute().Subrouter()
			sub.Use(copying)
			register(sub, routes)
			return muxtrace.Handler(r, opts...)
		},
	})
}

func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}

func register(r *mux.Router, routes []httpsuite.Route) {
	for _, route := range routes {
		if route.Fails {
			route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
		}
		r.HandleFunc(route.Pattern, route.Handler).Methods(route.Method)
	}
}

func ok(http.ResponseWriter, *http.Request) {}

func TestRoutes(t *testing.T) {
	for _, test := range []struct{ target, want, status string }{
		{"GET /", "GET /", "200"},
		{"GET /users/1", "GET /users/{id:[0-9]+}", "200"},
		{"GET /users/x", "GET", "404"},
		{"DELETE /users/1", "DELETE", "405"},
		{"GET /teams/nais/users/1", "GET /teams/{team}/users/{id}", "200"},
		{"GET /teams/nais/nowhere", "GET", "404"},
		{"GET /slash", "GET /slash/", "301"},
		{"GET //users/1", "GET", "301"}, // mux redirects to the clean path before it looks for a route
		{"GET /files/a/b", "GET /files/", "200"},
		{"GET /missing/a/b", "GET", "404"},
		{"GET /denied/1", "GET /denied/{id}", "401"},
		{"GET /header", "GET", "200"}, // the route that matches has no path
		{"GET /mux/v/1", "GET /mux/v/{id}", "200"},
	} {
		t.Run(test.target, func(t *testing.T) {
			sdk := oteltest.New(t)
			r := mux.NewRouter().StrictSlash(true)
			r.HandleFunc("/", ok)
			r.HandleFunc("/users/{id:[0-9]+}", ok).Methods("GET")
			r.PathPrefix("/teams/{team}").Subrouter().HandleFunc("/users/{id}", ok)
			r.HandleFunc("/slash/", ok)
			r.PathPrefix("/files/").HandlerFunc(ok)
			r.PathPrefix("/missing/").HandlerFunc(http.NotFound)
			denied := r.PathPrefix("/denied").Subrouter()
			denied.Use(func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
			})
			denied.HandleFunc("/{id}", ok)
			inner := http.NewServeMux()
			inner.HandleFunc("GET /mux/v/{id}", ok)
			r.PathPrefix("/mux/").Handler(httptrace.Handler(inner))
			r.MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool { return r.URL.Path == "/header" }).HandlerFunc(ok)
			r.NotFoundHandler = http.HandlerFunc(http.NotFound)

			method, path, _ := strings.Cut(test.target, " ")
			muxtrace.Handler(r, httptrace.WithTracerProvider(sdk.TracerProvider)).
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

// TestUnseenRequestIsMatchedOnce checks that muxtrace does not look up the route if a request
// gets no span. The router itself looks it up once.
func TestUnseenRequestIsMatchedOnce(t *testing.T) {
	sdk := oteltest.New(t)
	matches := 0
	r := mux.NewRouter()
	r.HandleFunc("/internal/isalive", ok).MatcherFunc(func(*http.Request, *mux.RouteMatch) bool { matches++; return true })
	muxtrace.Handler(r, httptrace.WithTracerProvider(sdk.TracerProvider)).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/internal/isalive", nil))
	if matches != 1 || sdk.Started() != 0 {
		t.Errorf("matched %d times, %d spans", matches, sdk.Started())
	}
}

func TestMounted(t *testing.T) {
	httpsuite.RunMounted(t, func(prefix string, mounted http.Handler, opts ...httptrace.Option) http.Handler {
		r := mux.NewRouter()
		r.PathPrefix(prefix).Handler(mounted)
		return muxtrace.Handler(r, opts...)
	})
}
