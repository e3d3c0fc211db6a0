// Package chitrace adds the routes of chi to httptrace.
//
// Add the [Middleware] to the outermost router, before all other middleware:
//
//	r := chi.NewRouter()
//	r.Use(chitrace.Middleware())
//
// The name of a span contains the whole route, including the part from mounted routers.
// Everything else is described in package httptrace.
//
// Do not use [httptrace.Handler] around a chi router instead of this Middleware. chi copies the
// request, so Handler cannot find the route. If you use both, each request still gets only one
// span.
package chitrace

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware for chi. For every request, the middleware records a server
// span and request metrics.
func Middleware(opts ...httptrace.Option) func(http.Handler) http.Handler {
	trace := httptrace.Middleware(opts...)
	return func(next http.Handler) http.Handler { return trace(route{next}) }
}

type route struct{ next http.Handler }

func (h route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The method Find is deferred, so that the route is also recorded if the request panics. The
	// route must be recorded before the router returns. After that, chi uses its context for other
	// requests.
	defer func(outer string) { routing.From(r).Find(r, found(r, outer)) }(r.Pattern)
	h.next.ServeHTTP(w, r)
}

// found returns the route that served r. outer is the pattern that r had before chi got it.
//
// chi may pass r to a handler that is not a chi router, such as an http.ServeMux. The route from
// chi then covers only the part of the path up to this handler, and ends with a wildcard. In that
// case, found returns the pattern that the handler set, if there is one.
//
// Newer versions of chi also set the pattern of r. Versions 5.2.3 to 5.2.5 set the pattern to the
// last part of the route. Later versions set the pattern to the whole route.
func found(r *http.Request, outer string) string {
	rctx := chi.RouteContext(r.Context())
	if rctx == nil {
		return ""
	}
	pattern := rctx.RoutePattern()
	if mux := routing.Of(r.Pattern); r.Pattern != outer && strings.HasSuffix(pattern, "/*") && !strings.HasSuffix(pattern, mux) {
		return mux
	}
	return pattern
}
