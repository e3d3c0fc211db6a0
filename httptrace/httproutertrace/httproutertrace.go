// Package httproutertrace adds the routes of julienschmidt/httprouter to httptrace.
//
//	server.Handler = httproutertrace.Handler(router)
//
// Spans are named after the registered path, such as GET /users/:id. If PanicHandler
// handles a panic, the span shows only the response. See package httptrace for everything
// else.
package httproutertrace

import (
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Handler returns a handler that makes a server span and request metrics for every request
// to router.
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

// template returns the registered path of the handler that serves path, or "" if there is
// none.
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

// name returns path with the value of parameter i replaced by the parameter's name. The
// router does not report the position of the value, so name tries all positions. A position
// is correct if the router then finds the name as the parameter's value.
func (h handler) name(method, path string, i int, p httprouter.Param) string {
	if strings.HasPrefix(p.Value, "/") { // a catch-all: the value is the rest of the path
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
