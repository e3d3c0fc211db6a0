// Package httproutertrace adds the routes of julienschmidt/httprouter to httptrace.
//
//	server.Handler = httproutertrace.Handler(router)
//
// The name of a span contains the route as it is registered in the router, such as GET
// /users/:id. If the router's PanicHandler handles a panic, the panic itself is not recorded. The
// span then has only the status that PanicHandler sent. Everything else is described in package
// httptrace.
package httproutertrace

import (
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Handler returns a handler that calls router. For every request, this handler records a server
// span and request metrics.
func Handler(router *httprouter.Router, opts ...httptrace.Option) http.Handler {
	return httptrace.Handler(handler{router}, opts...)
}

type handler struct{ *httprouter.Router }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if route := routing.From(r); route != nil {
		route.Find(r, h.template(r.Method, r.URL.Path))
	}
	h.Router.ServeHTTP(w, r)
}

// template returns the registered path that matches path, or "" if there is no such path.
func (h handler) template(method, path string) string {
	handle, params, _ := h.Lookup(method, path)
	if handle == nil {
		return ""
	}
	for i, p := range params {
		path = h.name(method, path, i, p)
	}
	return path
}

// The method name returns path with one change: the value of parameter i is replaced by the name
// of this parameter. The router does not report the position of the value in the path, so name
// tries all positions. At each position, it replaces the value by the name and looks up the new
// path in the router. If the router then returns the name as the value of parameter i, the
// position is correct.
func (h handler) name(method, path string, i int, p httprouter.Param) string {
	// p is a catch-all parameter. Its value is the end of the path.
	if strings.HasPrefix(p.Value, "/") {
		return strings.TrimSuffix(path, p.Value) + "/*" + p.Key
	}
	for end := range len(path) + 1 {
		if before, is := strings.CutSuffix(path[:end], p.Value); is {
			named := before + ":" + p.Key + path[end:]
			if _, found, _ := h.Lookup(method, named); i < len(found) && found[i].Value == ":"+p.Key {
				return named
			}
		}
	}
	return ""
}
