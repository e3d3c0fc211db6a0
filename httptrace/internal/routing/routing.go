// Package routing finds the route that served a request. Several routers may each know a
// part of the route: a mux that sets the pattern, a mux below a stripped prefix, a router
// with its own adapter, and the handler itself.
package routing

import (
	"net/http"
	"strings"
	"sync"
)

// A Route collects the parts of the route of one request. It is safe for concurrent use,
// because below [http.TimeoutHandler] the handler may still run after the request has
// ended.
type Route struct {
	mu     sync.Mutex
	top    reached // the outermost router
	at     reached // the innermost one known
	before string  // the pattern that the request had when it came to top
	set    string  // by the handler itself
	found  string  // by a router
	missed bool    // by the router, whatever was found
}

// reached is a router that got the request.
type reached struct {
	request *http.Request // the request that the router got
	prefix  string        // the template of the path prefix that was removed before
}

type key struct{}

// Key is the key under which a context has a [*Route].
var Key any = key{}

// From returns the route of r, or nil if r has none. If a handler makes another request
// with the context of its own request, From returns nil for that other request.
func From(r *http.Request) *Route {
	t, _ := r.Context().Value(Key).(*Route)
	if t == nil || !Same(t.top.request, r) {
		return nil
	}
	return t
}

// Begin sets the request that the outermost router gets. An outer mux may already have set
// a pattern on it.
func (t *Route) Begin(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before = r.Pattern
	t.top = reached{request: r}
	if outer := Of(r.Pattern); catchAll(outer) && stripped(r, directory(outer)) {
		t.top.prefix = directory(outer)
	}
	t.at = t.top
}

// Known returns the route that a mux has already found for r. It returns "" if there is
// none, or if the route is a catch-all and therefore may be incomplete.
func Known(r *http.Request) string {
	if route := Of(r.Pattern); !catchAll(route) {
		return route
	}
	return ""
}

// stripped reports whether the beginning of the path of r, which matched prefix, was
// removed.
func stripped(r *http.Request, prefix string) bool {
	if r.RequestURI == "" { // a handler made the request
		return !strings.HasPrefix(r.URL.Path, prefix)
	}
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	path := r.URL.EscapedPath()
	return asked != path && strings.HasSuffix(asked, strings.TrimPrefix(path, "/"))
}

// Set sets the route that served r, whatever routers find. A nil t is fine.
func (t *Route) Set(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = t.prefixOf(r) + route
}

// Find sets the route that a router found for r. A route that ends in a wildcard does not
// replace a route that does not. If t is nil or route is "", Find does nothing.
func (t *Route) Find(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found = better(t.found, t.prefixOf(r)+route)
}

// Miss records that no route matched the request. Routes that routers found, or set as the
// pattern of the request, are then ignored. If t is nil, Miss does nothing.
func (t *Route) Miss() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missed = true
}

// Below serves r with next, a mux below the outermost router, and records the route that
// next finds.
func (t *Route) Below(w http.ResponseWriter, r *http.Request, next http.Handler) {
	t.enter(r)
	if mux, ok := next.(*http.ServeMux); ok {
		// The route is looked up before the mux serves r, because a request can time out
		// before the mux returns.
		_, pattern := mux.Handler(r)
		t.Find(r, Of(pattern))
	}
	defer func() { t.Find(r, Of(r.Pattern)) }()
	next.ServeHTTP(w, r)
}

// enter makes r the request of the innermost router.
func (t *Route) enter(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = reached{request: r, prefix: t.prefixOf(r)}
}

// prefixOf returns the template of the prefix that was removed from the path of r. It never
// uses a part of the path itself, because a path may identify a person.
func (t *Route) prefixOf(r *http.Request) string {
	from := t.at.request
	if from == nil || r == from || r.URL.Path == from.URL.Path ||
		!strings.HasSuffix(from.URL.Path, strings.TrimPrefix(r.URL.Path, "/")) {
		return t.at.prefix
	}
	outer := Of(from.Pattern)
	if !catchAll(outer) { // no mux matched a directory
		return t.at.prefix
	}
	return t.at.prefix + directory(outer)
}

// Resolve returns the route of a request that was answered with status, or "" if no route
// is known. If a route ends in a wildcard and status is 404 or 405, the wildcard matched
// nothing, and Resolve returns "". Call Resolve on the goroutine that served the outermost
// router.
func (t *Route) Resolve(status int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set != "" {
		return t.set
	}
	if t.missed {
		return ""
	}
	route := better(Of(t.before), better(t.left(), t.found))
	if catchAll(route) && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		return ""
	}
	return route
}

// left returns the route that the outermost router set as the pattern of its request.
func (t *Route) left() string {
	r := t.top.request
	if r == nil || r.Pattern == "" || r.Pattern == t.before { // not a mux, or no match
		return ""
	}
	return t.top.prefix + Of(r.Pattern)
}

// Of returns the path in a pattern of [http.ServeMux], or "" if it has none.
func Of(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return ""
}

// directory returns route, which is a catch-all, without its last segment.
func directory(route string) string {
	return route[:strings.LastIndexByte(route, '/')]
}

// better returns the more precise of two routes. If neither is known to be more precise, it
// returns second. A router that is mounted in another one may know only the end of the
// route.
func better(first, second string) string {
	switch {
	case first == "":
		return second
	case catchAll(second) && !catchAll(first), strings.HasSuffix(first, strings.TrimSuffix(second, "/")):
		return first
	}
	return second
}

// catchAll reports whether route matches paths of any length, as /, /*, /*name and
// /{name...} do.
func catchAll(route string) bool {
	last := route[strings.LastIndexByte(route, '/')+1:]
	return last == "" && route != "" || strings.HasPrefix(last, "*") || strings.HasSuffix(last, "*") ||
		strings.HasSuffix(last, "...}")
}
