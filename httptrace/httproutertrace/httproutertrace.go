// Package httproutertrace gives httptrace the routes of julienschmidt/httprouter.
//
//	server.Handler = httproutertrace.Handler(router)
//
// Spans are named after the path as registered, GET /users/:id, and all that package
// httptrace says holds. Of a panic that PanicHandler takes, only its answer is seen.
package httproutertrace

import (
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Handler returns router with a server span and request metrics for every request.
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

// template returns the path under which was registered what serves path, or "".
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

// name returns path with the name of parameter i in the place of its value. The
// router does not tell the place; in the right one, the name is what it finds.
func (h handler) name(method, path string, i int, p httprouter.Param) string {
	if strings.HasPrefix(p.Value, "/") { // it takes what is left of the path
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
