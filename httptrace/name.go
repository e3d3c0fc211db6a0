package httptrace

import (
	"net/http"
	"strings"

	"github.com/nais/spor/internal/cache"
)

type nameKey struct{ method, route string }

var names cache.Map[nameKey, string]

// spanName returns the name of a span. The name consists of the method and, if there is a route,
// the route. An unknown method becomes HTTP.
func spanName(method, route string) string {
	method = knownMethod(method, "HTTP")
	if route == "" {
		return method
	}
	return names.Get(nameKey{method, route}, func(k nameKey) string { return k.method + " " + k.route })
}

// knownMethod returns method in upper case if it is a standard HTTP method. Otherwise it returns
// other. A client can send any text as the method, so unknown methods must not become part of a
// name.
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
