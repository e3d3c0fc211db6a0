// Package muxtrace adds the routes of gorilla/mux to httptrace.
//
// Put its Handler around the outermost router:
//
//	r := mux.NewRouter()
//	http.ListenAndServe(addr, muxtrace.Handler(r))
//
// Spans are named after the whole template, such as GET /users/{id:[0-9]+}, including the
// templates of subrouters. See package httptrace for everything else.
//
// Do not pass [httptrace.Middleware] to [mux.Router.Use]: mux runs no middleware if no
// route matches, and it makes the middleware again for each request.
package muxtrace

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Handler returns a handler that makes a server span and request metrics for every request
// to router.
func Handler(router *mux.Router, opts ...httptrace.Option) http.Handler {
	return httptrace.Handler(handler{router}, opts...)
}

type handler struct{ router *mux.Router }

// ServeHTTP looks up the route before it calls the router. The router stores the route only
// in the request that it passes on, and middleware may hide that request.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if route := routing.From(r); route != nil {
		route.Find(r, h.template(r))
	}
	h.router.ServeHTTP(w, r)
}

// template returns the template of the route that matches r, or "" if there is none.
func (h handler) template(r *http.Request) string {
	var match mux.RouteMatch
	if !h.router.Match(r, &match) || match.MatchErr != nil {
		return ""
	}
	template, err := match.Route.GetPathTemplate()
	if err != nil { // the route has no path and matched by other conditions
		return ""
	}
	return template
}
