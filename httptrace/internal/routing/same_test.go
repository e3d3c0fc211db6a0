package routing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nais/spor/httptrace/internal/routing"
)

func TestSame(t *testing.T) {
	made := func(method, target string) *http.Request {
		r, err := http.NewRequest(method, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	passed := func(r *http.Request, through func(http.Handler) http.Handler) (got *http.Request) {
		through(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r })).ServeHTTP(httptest.NewRecorder(), r)
		return got
	}
	strip := func(next http.Handler) http.Handler { return http.StripPrefix("/api", next) }
	limit := func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1) }
	for _, own := range []*http.Request{
		httptest.NewRequest("POST", "/api/users?q=1", strings.NewReader("body")), // as a server makes it
		made("POST", "http://example.com/api/users?q=1"),                         // as a handler makes it
	} {
		other := func(change func(r *http.Request)) *http.Request {
			r := own.Clone(own.Context())
			change(r)
			return r
		}
		shared := func(change func(r *http.Request)) *http.Request {
			r := own.WithContext(own.Context())
			change(r)
			return r
		}
		override := func(r *http.Request) { r.Method = http.MethodPut }
		for name, test := range map[string]struct {
			r    *http.Request
			want bool
		}{
			"itself":                           {own, true},
			"WithContext":                      {own.WithContext(context.WithValue(t.Context(), "key", 1)), true}, //nolint:staticcheck // the type of the key does not matter
			"Clone":                            {own.Clone(t.Context()), true},
			"StripPrefix":                      {passed(own, strip), true},
			"StripPrefix and Clone":            {passed(own, strip).Clone(t.Context()), true},
			"MaxBytesHandler":                  {passed(own, limit), true},
			"method override":                  {shared(override), true},
			"method override and Clone":        {other(override), true},
			"rewritten":                        {shared(func(r *http.Request) { r.URL, r.RequestURI = made("POST", "/v2/users").URL, "/v2/users" }), true},
			"other, as a server reads it":      {httptest.NewRequest("GET", "/users/1", nil), false},
			"other, as a handler makes it":     {made("GET", "/users/1"), false},
			"other with the method":            {made("POST", "/users/1"), false},
			"other path and method in a Clone": {other(func(r *http.Request) { r.Method, r.URL.Path = "GET", "/users/1" }), false},
			"other RequestURI in a Clone":      {other(func(r *http.Request) { r.RequestURI = "/users/1" }), false},
		} {
			if got := routing.Same(own, test.r); got != test.want {
				t.Errorf("%q: Same = %t with %s, want %t", own.RequestURI, got, name, test.want)
			}
		}
	}
	own := httptest.NewRequest("POST", "/batch", nil)
	lent := made("GET", "/users/1")
	lent.Header = own.Header
	if routing.Same(own, lent) {
		t.Error("Same = true for a request with the header of another request")
	}
}
