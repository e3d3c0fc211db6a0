// Package httpsuite holds the tests that every adapter of an HTTP router must pass.
package httpsuite

import (
	"context"
	"net/http"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
)

// A Router is a router for HTTP as its adapter's documentation says to set it up.
type Router struct {
	// Handler returns a router that serves routes, traced with opts.
	Handler func(routes []Route, opts ...httptrace.Option) http.Handler
	// Template returns pattern, which is in the syntax of http.ServeMux, as the
	// router writes it. Nil means that it writes the same.
	Template func(pattern string) string
	// Fresh returns ctx without what the router itself keeps there, for a request
	// that a handler makes under its own context. Nil means that nothing is in the way.
	Fresh func(ctx context.Context) context.Context
	// Watch gets every span of the suite. It is shut down with each row. Nil means nobody.
	Watch sdktrace.SpanProcessor
}

// A Route is a route that a Router must serve.
type Route struct {
	Method, Pattern string
	Handler         http.HandlerFunc
	// Fails means that Handler is nil: the router's own kind of handler must
	// return an error that is answered with 503. A router whose handlers return
	// nothing answers that itself.
	Fails bool
}

// Run tests that the routes of router are seen as they should be, over HTTP/1.1
// and HTTP/2, whatever stands around the router.
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

// version is a way to speak HTTP.
type version struct {
	name  string
	major int
	tls   bool
	wraps bool // test everything that may stand around the router
}

var versions = []version{
	{name: "http1", major: 1, wraps: true},
	{name: "h2c", major: 2, wraps: true},
	{name: "h2", major: 2, tls: true},
}

// surrounding is what stands between the outermost handler and the router.
type surrounding struct {
	name string
	wrap func(router http.Handler) http.Handler
	// path is the prefix of paths that wrap strips, route what it is called in the
	// route: nothing, where no mux told a template of it.
	path, route string
	outer       bool // another httptrace.Handler stands around it all
	buffers     bool // wrap takes away what handlers need to stream
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

// withOuter returns every one of list, and again with a Handler around it.
func withOuter(list ...surrounding) []surrounding {
	for _, around := range list {
		around.name += " within Handler"
		around.outer = true
		list = append(list, around)
	}
	return list
}

type copyKey struct{}

// copying is the middleware that everyone has: it adds to the context.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), copyKey{}, true)))
	})
}

func cloning(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}
