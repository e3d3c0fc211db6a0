package routing

import (
	"net/http"
	"reflect"
	"strings"
)

// Same reports whether r is the request own, or a copy of own that middleware made.
// [http.StripPrefix] and [http.Request.WithContext] keep the same header map.
// [http.Request.Clone] copies the header, but keeps the RequestURI.
//
// A handler can use the context of the request own to serve a different request, such as one
// request of a batch. Same returns false for such a request.
func Same(own, r *http.Request) bool {
	if SameHeader(own, r) {
		// If only own has a RequestURI, a handler created r with the header of the request own. If
		// both requests have a RequestURI, the two values may differ, because middleware may
		// change the RequestURI.
		return own.RequestURI == "" || r.RequestURI != ""
	}
	if own.RequestURI != r.RequestURI || own.Method != r.Method && own.URL.Path != r.URL.Path {
		return false
	}
	return own.RequestURI != "" ||
		own.Host == r.Host && strings.HasSuffix(own.URL.Path, strings.TrimPrefix(r.URL.Path, "/"))
}

// SameHeader reports whether the requests own and r have the same header map. It returns false for
// two different maps with equal content.
func SameHeader(own, r *http.Request) bool {
	return own.Header != nil && reflect.ValueOf(own.Header).Pointer() == reflect.ValueOf(r.Header).Pointer()
}
