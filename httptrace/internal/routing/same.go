package routing

import (
	"net/http"
	"reflect"
	"strings"
)

// Same reports whether r is the request own, or a copy of it that middleware made:
// http.StripPrefix and [http.Request.WithContext] share the header, and
// [http.Request.Clone] keeps what the client asked for. A handler may serve another
// request under the context of own, such as one of a batch.
func Same(own, r *http.Request) bool {
	if SameHeader(own, r) {
		// A handler may give its header to a request that it makes, which has no
		// RequestURI. Middleware may rewrite the RequestURI.
		return own.RequestURI == "" || r.RequestURI != ""
	}
	if own.RequestURI != r.RequestURI || own.Method != r.Method && own.URL.Path != r.URL.Path {
		return false
	}
	return own.RequestURI != "" ||
		own.Host == r.Host && strings.HasSuffix(own.URL.Path, strings.TrimPrefix(r.URL.Path, "/"))
}

// SameHeader reports whether own and r have one header, not two that are equal.
func SameHeader(own, r *http.Request) bool {
	return own.Header != nil && reflect.ValueOf(own.Header).Pointer() == reflect.ValueOf(r.Header).Pointer()
}
