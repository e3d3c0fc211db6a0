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
	first  *http.Request // the request that the outermost router got
	before string        // the pattern of the request before the outermost router got it
	set    string        // the route that the handler set with Set
	missed bool          // the router reported with Miss that no route matched
	levels []level       // the outermost router first; empty before Begin
	memory [2]level      // memory for levels, so that most requests need no allocation
}

// A level contains the routers that got the request with the same path. A handler such as
// [http.StripPrefix] removes the beginning of the path. The routers inside it are the next level.
type level struct {
	request *http.Request // the request that the last router of this level got
	found   string        // the route that a router reported with Find, without the removed prefix
	prefix  string        // the template of the prefix that was removed before this level
	removed int           // the number of segments of this prefix; 0 if its template is in prefix
}

type key struct{}

// Key is the context key of the [*Route] of a request.
var Key any = key{}

// From returns the route of r, or nil if r has no Route. A handler can make another request with
// the context of its own request. For that other request, From returns nil.
func From(r *http.Request) *Route {
	t, _ := r.Context().Value(Key).(*Route)
	if t == nil || t.first == nil || !Same(t.first, r) {
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
	t.first, t.memory[0] = r, level{request: r}
	if outer := Of(r.Pattern); catchAll(outer) && stripped(r, directory(outer)) {
		t.memory[0].prefix = directory(outer)
	}
	t.levels = t.memory[:1]
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
	t.set = t.prefix(t.levelOf(r)) + route
}

// Find sets the route that a router found for r. If this route ends in a wildcard, it does not
// replace a route without a wildcard at the end. If t is nil or route is "", Find does nothing.
func (t *Route) Find(r *http.Request, route string) {
	if t == nil || route == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := &t.levels[t.levelOf(r)]
	l.found = better(l.found, route)
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
	defer func() {
		if r.Pattern != t.before { // otherwise r is a copy of a request that another mux has served
			t.Find(r, Of(r.Pattern))
		}
	}()
	next.ServeHTTP(w, r)
}

// enter records that an inner router got the request r.
func (t *Route) enter(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := t.levelOf(r); i > 0 {
		t.levels[i].request = r
	}
}

// levelOf returns the index of the level of r. If a prefix was removed from the path of r, levelOf
// adds a new level.
func (t *Route) levelOf(r *http.Request) int {
	last := len(t.levels) - 1
	for i := last; i >= 0; i-- {
		if own := t.levels[i].request; own == r || own.URL.Path == r.URL.Path {
			return i
		}
	}
	outer := t.levels[last].request
	if !strings.HasSuffix(outer.URL.Path, strings.TrimPrefix(r.URL.Path, "/")) {
		return last
	}
	l := level{request: r}
	if pattern := Of(outer.Pattern); catchAll(pattern) {
		l.prefix = directory(pattern)
	} else {
		l.removed = strings.Count(outer.URL.Path, "/") - strings.Count(r.URL.Path, "/")
	}
	t.levels = append(t.levels, l)
	return last + 1
}

// prefix returns the template of the prefixes that were removed from the path before the level with
// the index i. It never returns a part of the path itself, because a path may contain personal data.
func (t *Route) prefix(i int) string {
	l := &t.levels[i]
	switch {
	case i == 0:
		return l.prefix
	case l.removed == 0:
		return t.prefix(i-1) + l.prefix
	}
	// The router of the level before may report its route only after the inner routers.
	template := t.routeAt(i - 1)
	if catchAll(template) {
		template = directory(template)
	}
	if strings.Count(template, "/") != l.removed {
		return t.prefix(i - 1)
	}
	return t.prefix(i-1) + template
}

// routeAt returns the route that the routers of a level found, without the removed prefixes.
func (t *Route) routeAt(i int) string {
	l := &t.levels[i]
	if i == 0 && l.request.Pattern != t.before {
		return better(Of(l.request.Pattern), l.found)
	}
	return l.found
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
	route := Of(t.before)
	for i := range t.levels {
		if found := t.routeAt(i); found != "" {
			route = better(route, t.prefix(i)+found)
		}
	}
	last := len(t.levels) - 1
	partial := catchAll(route) || last > 0 && t.routeAt(last) == "" // no router matched the rest of the path
	if partial && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		return ""
	}
	return route
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
	case first == "", strings.HasPrefix(second, first+"/"):
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
