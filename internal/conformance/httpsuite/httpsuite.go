// Package httpsuite contains the tests that every adapter of an HTTP router must pass.
package httpsuite

import (
	"context"
	"net/http"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
)

// A Router describes an HTTP router and its adapter. The router must use the adapter as the
// documentation of the adapter requires.
type Router struct {
	// Handler returns a router that serves routes and is traced with the options opts.
	Handler func(routes []Route, opts ...httptrace.Option) http.Handler
	// Template converts a pattern of http.ServeMux to the syntax of the router. Nil means that
	// the router uses the same syntax.
	Template func(pattern string) string
	// Fresh returns ctx without the router's own values. A handler can make a new request with
	// the context of its own request. The suite calls Fresh for the context of such a request.
	// Nil means that the router's values have no effect on the new request.
	Fresh func(ctx context.Context) context.Context
	// Watch gets every span of the suite. It may be nil. It is shut down at the end of each row,
	// which is one test of the suite.
	Watch sdktrace.SpanProcessor
}

// A Route is a route that a Router must serve in the suite.
type Route struct {
	Method, Pattern string
	Handler         http.HandlerFunc
	// Fails is true if Handler is nil. In that case, the router uses its own kind of handler.
	// This handler must return an error that results in the status 503. If handlers of the router
	// cannot return errors, the handler must send 503 itself.
	Fails bool
}

// Run checks that requests to the routes of router are recorded correctly. It uses HTTP/1.1 and
// HTTP/2, and puts different handlers around the router.
func Run(t *testing.T, router Router) {
	t.Helper()
	if router.Template == nil {
		router.Template = func(pattern string) string { return pattern }
	}
	if router.Fresh == nil {
		router.Fresh = func(ctx context.Context) context.Context { return ctx }
	}
	for _, version := range versions {
		for _, around := range surroundings {
			for _, row := range rows {
				if row.skip(version, around) {
					continue
				}
				t.Run(version.name+"/"+around.name+"/"+row.name, func(t *testing.T) {
					row.run(t, &site{router: router, version: version, around: around})
				})
			}
		}
	}
}

type version struct {
	name  string
	major int
	tls   bool
	wraps bool // true: test with all surroundings; false: only with the surrounding "bare"
	late  bool // attributes may be set when a span ends
}

var versions = []version{
	{name: "http1", major: 1, wraps: true},
	{name: "h2c", major: 2, wraps: true},
	{name: "h2", major: 2, tls: true},
	{name: "late", major: 1, late: true},
}

type surrounding struct {
	name string
	wrap func(router http.Handler) http.Handler
	// path is the path prefix that the function wrap removes. route is the part of the route for
	// this prefix. If no mux has matched the prefix, route is "".
	path, route string
	outer       bool // there is another httptrace.Handler around all other handlers
	buffers     bool // the function wrap buffers responses, so handlers cannot stream
}

var surroundings = withOuter(
	surrounding{name: "bare", wrap: func(h http.Handler) http.Handler { return h }},
	surrounding{name: "WithContext", wrap: copying},
	surrounding{name: "Clone", wrap: cloning},
	surrounding{name: "MaxBytesHandler", wrap: func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) }},
	surrounding{name: "TimeoutHandler", buffers: true, wrap: func(h http.Handler) http.Handler {
		return http.TimeoutHandler(h, time.Minute, "late")
	}},
	surrounding{name: "StripPrefix", path: "/strip", wrap: func(h http.Handler) http.Handler {
		return http.StripPrefix("/strip", h)
	}},
	surrounding{name: "mux and StripPrefix", path: "/strip", route: "/strip", wrap: func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/strip/", http.StripPrefix("/strip", h))
		return mux
	}},
	surrounding{name: "mux", wrap: func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", h)
		return mux
	}},
	surrounding{name: "all of them", path: "/strip", route: "/strip", buffers: true, wrap: func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/strip/", http.TimeoutHandler(copying(http.StripPrefix("/strip", http.MaxBytesHandler(h, 1<<20))), time.Minute, "late"))
		return mux
	}},
)

// withOuter returns list, followed by a changed copy of each surrounding in it. The copy has
// another httptrace.Handler around all other handlers.
func withOuter(list ...surrounding) []surrounding {
	for _, around := range list {
		around.name += " within Handler"
		around.outer = true
		list = append(list, around)
	}
	return list
}

type copyKey struct{}

// copying is a middleware of the most common kind. It adds a value to the context of the request.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), copyKey{}, true)))
	})
}

func cloning(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}
