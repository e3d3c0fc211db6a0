// Package routing finds the route that served a request. Several components can each have a part
// of the route:
//   - a mux that sets the pattern of the request,
//   - a mux inside http.StripPrefix,
//   - a router with its own adapter,
//   - the handler itself.
package routing

import (
	"net/http"
	"strings"
	"sync"
)

// A Route collects the parts of the route of one request. It is safe for concurrent use. This is
// necessary because the handler inside an [http.TimeoutHandler] may still run after the request
// has ended.
type Route struct {
	mu     sync.Mutex
	top    reached // the outermost router
	at     reached // so far, the innermost router that got the request
	before string  // the pattern of the request before top got it
	set    string  // the route that the handler set with Set
	found  string  // the route that a router reported with Find
	missed bool    // the router reported with Miss that no route matched
}

type reached struct {
	request *http.Request // the request that the router got
	prefix  string        // the template of the prefix that was removed from the path
}

type key struct{}

// Key is the context key of the [*Route] of a request.
var Key any = key{}

// From returns the route of r, or nil if r has no Route. A handler can make another request with
// the context of its own request. For that other request, From returns nil.
func From(r *http.Request) *Route {
	t, _ := r.Context().Value(Key).(*Route)
	if t == nil || !Same(t.top.request, r) {
		return nil
	}
	return t
}

// Begin sets the request that the outermost router gets. An outer mux may already have set a
// pattern on this request.
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

// Known returns the route that a mux has already found for r. It returns "" if no mux has found a
// route. It also returns "" if the route is a catch-all, because an inner router may find a
// longer route.
func Known(r *http.Request) string {
	if route := Of(r.Pattern); !catchAll(route) {
		return route
	}
	return ""
}

// stripped reports whether the beginning of the path of r has been removed. prefix is the
// template that matched this beginning.
func stripped(r *http.Request, prefix string) bool {
	if r.RequestURI == "" { // a handler created the request
		return !strings.HasPrefix(r.URL.Path, prefix)
	}
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	path := r.URL.EscapedPath()
	return asked != path && strings.HasSuffix(asked, strings.TrimPrefix(path, "/"))
}

// Set sets the route of r. This route replaces all routes that routers find. If t is nil, Set
// does nothing.
func (t *Route) Set(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = t.prefixOf(r) + route
}

// Find sets the route that a router found for r. If this route ends in a wildcard, it does not
// replace a route without a wildcard at the end. If t is nil or route is "", Find does nothing.
func (t *Route) Find(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found = better(t.found, t.prefixOf(r)+route)
}

// Miss records that no route matched the request. The results of routers are then ignored: routes
// from Find, and patterns that a router set on the request. If t is nil, Miss does nothing.
func (t *Route) Miss() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missed = true
}

// Below serves r with the parameter next, which is a mux inside the outermost router. Below also
// records the route that this mux finds.
func (t *Route) Below(w http.ResponseWriter, r *http.Request, next http.Handler) {
	t.enter(r)
	if mux, ok := next.(*http.ServeMux); ok {
		// The route is looked up before the mux serves r, because the request may end with a
		// timeout before the mux returns.
		_, pattern := mux.Handler(r)
		t.Find(r, Of(pattern))
	}
	defer func() { t.Find(r, Of(r.Pattern)) }()
	next.ServeHTTP(w, r)
}

// enter records that an inner router got the request r.
func (t *Route) enter(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = reached{request: r, prefix: t.prefixOf(r)}
}

// prefixOf returns the template of the prefix that was removed from the path of r. It never
// returns a part of the path itself, because a path may contain personal data.
func (t *Route) prefixOf(r *http.Request) string {
	from := t.at.request
	if from == nil || r == from || r.URL.Path == from.URL.Path ||
		!strings.HasSuffix(from.URL.Path, strings.TrimPrefix(r.URL.Path, "/")) {
		return t.at.prefix
	}
	outer := Of(from.Pattern)
	if !catchAll(outer) { // no outer mux matched the prefix
		return t.at.prefix
	}
	return t.at.prefix + directory(outer)
}

// Resolve returns the route of a request, or "" if no route is known. status is the status of the
// response. If the route ends in a wildcard and status is 404 or 405, Resolve returns "", because
// the wildcard matched a path that does not exist. This does not apply to a route from Set. Call
// Resolve in the goroutine that called the outermost router.
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

// The outermost router may have set a pattern on its request. The method left returns the route in
// this pattern, or "" if the router set no pattern.
func (t *Route) left() string {
	r := t.top.request
	if r == nil || r.Pattern == "" || r.Pattern == t.before { // not a mux, or no route matched
		return ""
	}
	return t.top.prefix + Of(r.Pattern)
}

// Of returns the path in a pattern of [http.ServeMux], or "" if the pattern has no path.
func Of(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return ""
}

// directory returns route without its last segment. route must be a catch-all.
func directory(route string) string {
	return route[:strings.LastIndexByte(route, '/')]
}

// better returns the more precise of two routes. If better cannot decide, it returns second. A
// router that is mounted in another router may have only the end of the route.
func better(first, second string) string {
	switch {
	case first == "":
		return second
	case catchAll(second) && !catchAll(first), strings.HasSuffix(first, strings.TrimSuffix(second, "/")):
		return first
	}
	return second
}

// catchAll reports whether route matches paths of any length. Examples of such routes are /, /*,
// /*name and /{name...}.
func catchAll(route string) bool {
	last := route[strings.LastIndexByte(route, '/')+1:]
	return last == "" && route != "" || strings.HasPrefix(last, "*") || strings.HasSuffix(last, "*") ||
		strings.HasSuffix(last, "...}")
}
