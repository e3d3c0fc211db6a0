// Package routing finds out which route served a request, told by routers that
// each know a part: a mux that sets the pattern, a mux below a stripped prefix,
// a router with an adapter of its own, the handler itself.
package routing

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// A Route is what is known so far of the route of one request. It is for use by
// several goroutines: with [http.TimeoutHandler] in between, the handler may
// still run when the request is over.
type Route struct {
	mu     sync.Mutex
	top    *http.Request // as the outermost router was given it
	at     *http.Request // as the innermost one known was given it
	prefix string        // what was stripped from the path of at, as a template
	told   string        // by the handler itself
	found  string        // by a router
}

type key struct{}

// Key is the key under which a context holds a [*Route].
var Key any = key{}

// From returns the route of the request that ctx belongs to, or nil.
func From(ctx context.Context) *Route {
	t, _ := ctx.Value(Key).(*Route)
	return t
}

// Begin tells the request that the outermost router is given.
func (t *Route) Begin(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.top, t.at = r, r
}

// Tell sets the route that served r, whatever routers find. A nil t is fine.
func (t *Route) Tell(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told = t.prefixOf(r) + route
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
	t.prefix = t.prefixOf(r)
	t.at = r
}

// prefixOf returns the template of what was stripped from the path of r on its
// way here. It takes no literal from the path itself, which may name a person.
func (t *Route) prefixOf(r *http.Request) string {
	if t.at == nil || r == t.at || r.URL.Path == t.at.URL.Path ||
		!strings.HasSuffix(t.at.URL.Path, strings.TrimPrefix(r.URL.Path, "/")) {
		return t.prefix
	}
	outer := Of(t.at.Pattern)
	if i := strings.LastIndexByte(outer, '/'); i >= 0 && catchAll(outer) {
		outer = outer[:i]
	}
	return t.prefix + outer
}

// Resolve returns the route of a request that was answered with status, or "".
// A wildcard at the end that was answered "not found" matched nothing. Call it
// on the goroutine that served the outermost router.
func (t *Route) Resolve(status int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told != "" {
		return t.told
	}
	route := t.found
	if t.top != nil {
		route = better(Of(t.top.Pattern), route)
	}
	if catchAll(route) && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		return ""
	}
	return route
}

// Of returns the route of a pattern of [http.ServeMux]: its path.
func Of(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return ""
}

// better returns the more telling one of two routes, the second one if in doubt.
func better(first, second string) string {
	if second == "" || catchAll(second) && first != "" && !catchAll(first) {
		return first
	}
	return second
}

// catchAll reports whether route matches paths of any length.
func catchAll(route string) bool {
	return strings.HasSuffix(route, "/") || strings.HasSuffix(route, "*") || strings.HasSuffix(route, "...}")
}
