package httptrace

import (
	"net/http"
	"strings"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/cache"
)

// nameKey is what a span name is made of.
type nameKey struct{ method, route string }

var names cache.Map[nameKey, string]

// spanName returns the name of the span of a request: its method, if that is a
// known one, and its route, if it has one.
func spanName(method, route string) string {
	method = knownMethod(method, "HTTP")
	if route == "" {
		return method
	}
	return names.Get(nameKey{method, route}, func(k nameKey) string { return k.method + " " + k.route })
}

// startName is the name of a server span before it is known which route serves
// it, unless Handler sits inside a mux. otelhttp asks again at the end, with the
// handler's context, when the span names itself.
func startName(_ string, r *http.Request) string {
	if _, atStart := r.Context().(*serverRequest); !atStart {
		return ""
	}
	return spanName(r.Method, routing.Known(r))
}

// knownMethod returns method in upper case if it is one of HTTP's own, otherwise
// other: a client may send any word.
func knownMethod(method, other string) string {
	switch method {
	case "":
		return http.MethodGet
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	if upper := strings.ToUpper(method); upper != method {
		return knownMethod(upper, other)
	}
	return other
}
