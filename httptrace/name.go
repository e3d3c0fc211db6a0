package httptrace

import (
	"net/http"
	"strings"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/cache"
)

// nameKey has the parts of a span name.
type nameKey struct{ method, route string }

var names cache.Map[nameKey, string]

// spanName returns the name of a span: the method, or HTTP if the method is unknown, and the
// route, unless it is empty.
func spanName(method, route string) string {
	method = knownMethod(method, "HTTP")
	if route == "" {
		return method
	}
	return names.Get(nameKey{method, route}, func(k nameKey) string { return k.method + " " + k.route })
}

// startName returns the name of a server span at its start. At that time the route is known
// only if Handler is inside a mux. otelhttp calls startName again when the handler has
// returned. Then it returns "", because serverSpan sets the name itself.
func startName(_ string, r *http.Request) string {
	if _, atStart := r.Context().(*serverRequest); !atStart {
		return ""
	}
	return spanName(r.Method, routing.Known(r))
}

// knownMethod returns method in upper case if it is a standard method of HTTP. Otherwise it
// returns other, because a client can send any text as the method.
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
