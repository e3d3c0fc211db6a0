// Package muxtrace adds the routes of gorilla/mux to httptrace.
//
// Put the [Handler] around the outermost router:
//
//	r := mux.NewRouter()
//	http.ListenAndServe(addr, muxtrace.Handler(r))
//
// The name of a span contains the whole template of the route, such as GET /users/{id:[0-9]+},
// including the part from subrouters. Everything else is described in package httptrace.
//
// Do not pass [httptrace.Middleware] to [mux.Router.Use]. mux does not run middleware if no route
// matches. In addition, mux creates the middleware again for each request.
package muxtrace

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Handler returns a handler that calls router. For every request, this handler records a server
// span and request metrics.
func Handler(router *mux.Router, opts ...httptrace.Option) http.Handler {
	return httptrace.Handler(handler{router}, opts...)
}

type handler struct{ router *mux.Router }

// ServeHTTP looks up the route and then calls the router. The route cannot be read afterwards:
// the router stores it only in the request that it passes on, and middleware may replace that
// request.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if route := routing.From(r); route != nil {
		route.Find(r, h.template(r))
	}
	h.router.ServeHTTP(w, r)
}

// template returns the template of the route that matches r, or "" if no route matches.
func (h handler) template(r *http.Request) string {
	var match mux.RouteMatch
	if !h.router.Match(r, &match) || match.MatchErr != nil {
		return ""
	}
	template, err := match.Route.GetPathTemplate()
	if err != nil { // the route has no path; it matched because of other conditions
		return ""
	}
	return template
}
