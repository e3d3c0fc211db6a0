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
// Same returns false for a different request that only has the same context. An example is a
// request that the handler of a batch creates for one part of the batch.
func Same(own, r *http.Request) bool {
	if SameHeader(own, r) {
		// If r has no RequestURI but the request own has one, r is a different request: a handler
		// created it with the same header map. If both requests have a RequestURI, r is the same
		// request. The two values may differ, because middleware may change the RequestURI.
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
