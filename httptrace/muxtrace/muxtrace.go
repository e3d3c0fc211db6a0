// Package muxtrace gives httptrace the routes of gorilla/mux.
//
// Put its Handler around the outermost router:
//
//	r := mux.NewRouter()
//	http.ListenAndServe(addr, muxtrace.Handler(r))
//
// Spans are named after the whole template, GET /users/{id:[0-9]+}, those of
// subrouters included, and all that package httptrace says holds. It is no
// middleware, since mux runs none where it finds no route, and makes them anew
// for each request: do not give [httptrace.Middleware] to [mux.Router.Use].
package muxtrace

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Handler returns router with a server span and request metrics for every
// request.
func Handler(router *mux.Router, opts ...httptrace.Option) http.Handler {
	return httptrace.Handler(handler{router}, opts...)
}

type handler struct{ router *mux.Router }

// ServeHTTP asks the router beforehand: what it finds is hidden in the request
// that it passes on, and middleware may keep that from the handler.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if route := routing.From(r); route != nil {
		route.Find(r, h.template(r))
	}
	h.router.ServeHTTP(w, r)
}

// template returns the template that matches r, or "".
func (h handler) template(r *http.Request) string {
	var match mux.RouteMatch
	if !h.router.Match(r, &match) || match.MatchErr != nil {
		return ""
	}
	template, err := match.Route.GetPathTemplate()
	if err != nil { // it has none, and matched by something else
		return ""
	}
	return template
}
