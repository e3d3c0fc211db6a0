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

// A Router is an HTTP router, set up as the documentation of its adapter requires.
type Router struct {
	// Handler returns a router that serves routes, traced with opts.
	Handler func(routes []Route, opts ...httptrace.Option) http.Handler
	// Template converts pattern, which is in the syntax of http.ServeMux, to the syntax of
	// the router. Nil means that both have the same syntax.
	Template func(pattern string) string
	// Fresh returns ctx without the router's own values. The suite calls it for a request
	// that a handler makes with the context of its own request. Nil means that the
	// router's values do not affect such a request.
	Fresh func(ctx context.Context) context.Context
	// Watch gets every span of the suite, unless it is nil. It is shut down at the end of
	// each row.
	Watch sdktrace.SpanProcessor
}

// A Route is a route that a Router must serve.
type Route struct {
	Method, Pattern string
	Handler         http.HandlerFunc
	// Fails is true if Handler is nil. The router must then use its own kind of handler,
	// which returns an error that results in the status 503. If the router's handlers do
	// not return errors, the handler must send 503 itself.
	Fails bool
}

// Run tests that requests to the routes of router are recorded correctly. It uses HTTP/1.1 and
// HTTP/2, and different handlers around the router.
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

// version is a version of HTTP, with or without TLS.
type version struct {
	name  string
	major int
	tls   bool
	wraps bool // test with all surroundings, not only with bare
}

var versions = []version{
	{name: "http1", major: 1, wraps: true},
	{name: "h2c", major: 2, wraps: true},
	{name: "h2", major: 2, tls: true},
}

// surrounding describes the handlers around the router.
type surrounding struct {
	name string
	wrap func(router http.Handler) http.Handler
	// path is the path prefix that wrap removes. route is the template of that prefix in
	// the route, or "" if no mux has matched the prefix.
	path, route string
	outer       bool // there is another httptrace.Handler around all other handlers
	buffers     bool // the writer of wrap buffers, so handlers cannot stream
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

// withOuter returns each surrounding in list twice: unchanged, and with another
// httptrace.Handler around it.
func withOuter(list ...surrounding) []surrounding {
	for _, around := range list {
		around.name += " within Handler"
		around.outer = true
		list = append(list, around)
	}
	return list
}

type copyKey struct{}

// copying is the most common kind of middleware: it adds a value to the context of the
// request.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), copyKey{}, true)))
	})
}

func cloning(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}
