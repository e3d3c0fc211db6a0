// Package chitrace adds the routes of chi to httptrace.
//
// Use its Middleware on the outermost router, before all other middleware:
//
//	r := chi.NewRouter()
//	r.Use(chitrace.Middleware())
//
// Spans are named after the whole route, including the routes of mounted routers. See
// package httptrace for everything else. Do not use [httptrace.Handler] around a router
// instead: chi copies the request, so that Handler does not see the route. Using both is
// possible and makes one span.
package chitrace

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics for every
// request to a chi router.
func Middleware(opts ...httptrace.Option) func(http.Handler) http.Handler {
	trace := httptrace.Middleware(opts...)
	return func(next http.Handler) http.Handler { return trace(route{next}) }
}

// route records the route that chi found when next served the request.
type route struct{ next http.Handler }

func (h route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The call is deferred so that a request that panics has a route, too. The route must
	// be read here, inside the router, because chi reuses its context for other requests.
	defer func(outer string) { routing.From(r).Find(r, found(r, outer)) }(r.Pattern)
	h.next.ServeHTTP(w, r)
}

// found returns the route that served r. outer is the pattern that r had before chi. If chi
// passed r to a handler that is not a chi router, such as an http.ServeMux, chi knows only
// the wildcard at which it mounted the handler. In that case, found returns the pattern
// that the handler set, if any. chi itself sets the pattern of r to the whole route or,
// from v5.2.3 to v5.2.5, to the end of the route.
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
