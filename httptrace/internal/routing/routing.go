// Package routing finds out which route served a request, told by routers that
// each know a part: a mux that sets the pattern, a mux below a stripped prefix,
// a router with an adapter of its own, the handler itself.
package routing

import (
	"net/http"
	"strings"
	"sync"
)

// A Route is what is known so far of the route of one request. It is for use by
// several goroutines: with [http.TimeoutHandler] in between, the handler may
// still run when the request is over.
type Route struct {
	mu     sync.Mutex
	top    reached // the outermost router
	at     reached // the innermost one known
	before string  // the pattern that the request had when it came to top
	set    string  // by the handler itself
	found  string  // by a router
	missed bool    // by the router, whatever was found
}

// reached is a router that the request came to.
type reached struct {
	request *http.Request // as the router was given it
	prefix  string        // what was stripped from its path before, as a template
}

type key struct{}

// Key is the key under which a context holds a [*Route].
var Key any = key{}

// From returns the route of r, or nil if r has none. A request that a handler makes
// under the context of its own request is not that request.
func From(r *http.Request) *Route {
	t, _ := r.Context().Value(Key).(*Route)
	if t == nil || !Same(t.top.request, r) {
		return nil
	}
	return t
}

// Begin tells the request that the outermost router is given. A mux further out
// may have left its pattern there.
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

// Known returns the route of r that a mux found already, if it is all of it.
func Known(r *http.Request) string {
	if route := Of(r.Pattern); !catchAll(route) {
		return route
	}
	return ""
}

// stripped reports whether the path of r lost its beginning, which matched prefix.
func stripped(r *http.Request, prefix string) bool {
	if r.RequestURI == "" { // a handler made it
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

// Find sets the route that a router found for r. A route that ends in a wildcard
// gives way to one that does not. A nil t is fine.
func (t *Route) Find(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found = better(t.found, t.prefixOf(r)+route)
}

// Miss tells that no route served the request, whatever a router found or left on
// it. A nil t is fine.
func (t *Route) Miss() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missed = true
}

// Below serves r with next, a mux below the outermost one, and learns its route.
func (t *Route) Below(w http.ResponseWriter, r *http.Request, next http.Handler) {
	t.enter(r)
	if mux, ok := next.(*http.ServeMux); ok {
		// Asked beforehand, since a request that times out is over before the
		// mux returns.
		_, pattern := mux.Handler(r)
		t.Find(r, Of(pattern))
	}
	defer func() { t.Find(r, Of(r.Pattern)) }()
	next.ServeHTTP(w, r)
}

// enter moves on to the request that a router further in was given.
func (t *Route) enter(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = reached{request: r, prefix: t.prefixOf(r)}
}

// prefixOf returns the template of what was stripped from the path of r on its
// way here. It takes no literal from the path itself, which may name a person.
func (t *Route) prefixOf(r *http.Request) string {
	from := t.at.request
	if from == nil || r == from || r.URL.Path == from.URL.Path ||
		!strings.HasSuffix(from.URL.Path, strings.TrimPrefix(r.URL.Path, "/")) {
		return t.at.prefix
	}
	outer := Of(from.Pattern)
	if !catchAll(outer) { // no mux found a directory
		return t.at.prefix
	}
	return t.at.prefix + directory(outer)
}

// Resolve returns the route of a request that was answered with status, or "".
// A wildcard at the end that was answered "not found" matched nothing. Call it
// on the goroutine that served the outermost router.
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

// left returns the route that the outermost router left on its request.
func (t *Route) left() string {
	r := t.top.request
	if r == nil || r.Pattern == "" || r.Pattern == t.before { // it is no mux, or found nothing
		return ""
	}
	return t.top.prefix + Of(r.Pattern)
}

// Of returns the route of a pattern of [http.ServeMux]: its path.
func Of(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return ""
}

// directory returns route, which is a catch-all, without its end.
func directory(route string) string {
	return route[:strings.LastIndexByte(route, '/')]
}

// better returns the more precise one of two routes, the second one if in doubt. A
// router that is mounted in another one may know no more than the end of the route.
func better(first, second string) string {
	switch {
	case first == "":
		return second
	case catchAll(second) && !catchAll(first), strings.HasSuffix(first, strings.TrimSuffix(second, "/")):
		return first
	}
	return second
}

// catchAll reports whether route matches paths of any length, as /, /*, /*name
// and /{name...} do.
func catchAll(route string) bool {
	last := route[strings.LastIndexByte(route, '/')+1:]
	return last == "" && route != "" || strings.HasPrefix(last, "*") || strings.HasSuffix(last, "*") ||
		strings.HasSuffix(last, "...}")
}
