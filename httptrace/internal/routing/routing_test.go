package routing_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nais/spor/httptrace/internal/routing"
)

func TestOf(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                        "",
		"/":                       "/",
		"GET /":                   "/",
		"GET /users/{id}":         "/users/{id}",
		"example.com/":            "/",
		"GET example.com/h/{id}":  "/h/{id}",
		"/files/{rest...}":        "/files/{rest...}",
		"/exact/{$}":              "/exact/{$}",
		"POST  \t /spaces/{id}":   "/spaces/{id}",
		"nonsense without a path": "",
	} {
		if got := routing.Of(pattern); got != want {
			t.Errorf("Of(%q) = %q, want %q", pattern, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		name          string
		misses        bool
		pattern       string // the pattern that the outermost router sets
		finds         []string
		sets          string
		want          string
		wantWithError string
	}{
		{name: "nothing"},
		{name: "pattern", pattern: "GET /users/{id}", want: "/users/{id}", wantWithError: "/users/{id}"},
		{name: "catch-all", pattern: "/", want: "/"},
		{name: "wildcard", pattern: "/files/{rest...}", want: "/files/{rest...}"},
		{name: "wildcard of chi", finds: []string{"/files/*"}, want: "/files/*"},
		{name: "named wildcard of gin", finds: []string{"/files/*path"}, want: "/files/*path"},
		{name: "end", pattern: "/{$}", want: "/{$}", wantWithError: "/{$}"},
		{name: "found below", pattern: "/api/", finds: []string{"/api/users/{id}"}, want: "/api/users/{id}", wantWithError: "/api/users/{id}"},
		{name: "inner first", finds: []string{"/api/users/{id}", "/api/*"}, want: "/api/users/{id}", wantWithError: "/api/users/{id}"},
		{name: "end of a route", finds: []string{"/v1/users/{id}", "/users/{id}"}, want: "/v1/users/{id}", wantWithError: "/v1/users/{id}"},
		{name: "end of a route first", pattern: "/users/{id}", finds: []string{"/v1/users/{id}"}, want: "/v1/users/{id}", wantWithError: "/v1/users/{id}"},
		{name: "end of a wildcard", finds: []string{"/v1/static/*", "/static/*"}, want: "/v1/static/*"},
		{name: "end with a slash", finds: []string{"/v1/trail", "/trail/"}, want: "/v1/trail", wantWithError: "/v1/trail"},
		{name: "root of a mux", finds: []string{"/v1/static/*", "/"}, want: "/v1/static/*"},
		{name: "set", pattern: "GET /graphql", finds: []string{"/graphql"}, sets: "/graphql/{op}", want: "/graphql/{op}", wantWithError: "/graphql/{op}"},
		{name: "missed", pattern: "/users/:id", finds: []string{"/users/:id"}, misses: true},
		{name: "set although missed", misses: true, sets: "/graphql", want: "/graphql", wantWithError: "/graphql"},
		{name: "set to a wildcard", sets: "/files/*", want: "/files/*", wantWithError: "/files/*"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var route routing.Route
			r := httptest.NewRequest("GET", "/", nil)
			route.Begin(r)
			r.Pattern = test.pattern
			for _, found := range test.finds {
				route.Find(r, found)
			}
			if test.misses {
				route.Miss()
			}
			route.Set(r, test.sets)
			if got := route.Resolve(http.StatusOK); got != test.want {
				t.Errorf("route %q, want %q", got, test.want)
			}
			for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed} {
				if got := route.Resolve(status); got != test.wantWithError {
					t.Errorf("status %d: route %q, want %q", status, got, test.wantWithError)
				}
			}
		})
	}
}

func TestNilRoute(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	route := routing.From(r)
	route.Set(r, "/")
	route.Find(r, "/")
}

// TestPatternOfAnotherMux checks a request that a handler copies from its own request. The copy
// still has the pattern of the outer mux. If another mux sets a more precise pattern, that
// pattern is the route.
func TestPatternOfAnotherMux(t *testing.T) {
	for left, want := range map[string]string{"": "/batch", "POST /batch": "/batch", "GET /users/{id}": "/users/{id}", "/": "/batch"} {
		var route routing.Route
		r := httptest.NewRequest("GET", "/", nil)
		r.Pattern = "POST /batch"
		route.Begin(r)
		r.Pattern = left
		if got := route.Resolve(http.StatusOK); got != want {
			t.Errorf("route %q after %q, want %q", got, left, want)
		}
	}
}

// TestPatternOfACopy checks a request that the handler of a batch copies from its own request. The
// copy still has the pattern of the batch when it reaches a second Handler.
func TestPatternOfACopy(t *testing.T) {
	var route routing.Route
	r := httptest.NewRequest("GET", "/users/1", nil)
	r.Pattern = "POST /batch"
	route.Begin(r)
	route.Below(httptest.NewRecorder(), r, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		route.Find(r, "/users/{id}")
	}))
	if got := route.Resolve(http.StatusOK); got != "/users/{id}" {
		t.Errorf("route %q, want /users/{id}", got)
	}
}
