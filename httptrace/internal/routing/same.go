package routing

import (
	"net/http"
	"reflect"
	"strings"
)

// Same reports whether r is the request own, or a copy of own that middleware made.
// [http.StripPrefix] and [http.Request.WithContext] keep the same header map.
// [http.Request.Clone] copies the header, but keeps the RequestURI. Same returns false for
// another request that a handler serves with the context of own, such as one request of a
// batch.
func Same(own, r *http.Request) bool {
	if SameHeader(own, r) {
		// A handler may use its own header for a new request, which has no RequestURI.
		// Middleware may change the RequestURI of a copy.
		return own.RequestURI == "" || r.RequestURI != ""
	}
	if own.RequestURI != r.RequestURI || own.Method != r.Method && own.URL.Path != r.URL.Path {
		return false
	}
	return own.RequestURI != "" ||
		own.Host == r.Host && strings.HasSuffix(own.URL.Path, strings.TrimPrefix(r.URL.Path, "/"))
}

// SameHeader reports whether own and r share one header map. Two equal maps are not enough.
func SameHeader(own, r *http.Request) bool {
	return own.Header != nil && reflect.ValueOf(own.Header).Pointer() == reflect.ValueOf(r.Header).Pointer()
}
