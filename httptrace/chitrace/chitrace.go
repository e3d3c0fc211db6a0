// Package chitrace gives httptrace the routes of chi.
//
// Use its Middleware first of all on the outermost router:
//
//	r := chi.NewRouter()
//	r.Use(chitrace.Middleware())
//
// Spans are named after the whole route, mounted routers included, and all that
// package httptrace says holds. Do not put [httptrace.Handler] around a router
// instead: chi copies the request, and the route stays inside. Having both is
// fine and makes one span.
package chitrace

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics
// of every request to a chi router.
func Middleware(opts ...httptrace.Option) func(http.Handler) http.Handler {
	trace := httptrace.Middleware(opts...)
	return func(next http.Handler) http.Handler { return trace(route{next}) }
}

// route tells the route that chi found on the way through next.
type route struct{ next http.Handler }

func (h route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Deferred, since a panic has a route as well. It must be read here, inside
	// the router: chi uses its context again for other requests.
	defer func(outer string) { routing.From(r).Find(r, found(r, outer)) }(r.Pattern)
	h.next.ServeHTTP(w, r)
}

// found returns the route that served r, to which a mux further out gave the pattern
// outer. chi knows a handler that is no router of its own, such as an http.ServeMux,
// only as the wildcard it is mounted at; that may have left a pattern of its own. What
// chi itself leaves on r is all of the route or, from v5.2.3 to v5.2.5, its end.
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
