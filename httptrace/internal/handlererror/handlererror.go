// Package handlererror passes the errors of handlers to the server span. In some frameworks, a
// handler returns an error, or records it. The adapter of such a framework calls [Add].
package handlererror

import (
	"net/http"
	"slices"
	"sync"

	"github.com/nais/spor/internal/otelutil"
)

// A List contains the errors of one request. The zero value is empty. A List is safe for
// concurrent use. This is necessary because the handler inside an [http.TimeoutHandler] may still
// run after the request has ended.
type List struct {
	mu   sync.Mutex
	errs []error
}

type key struct{}

// Key is the context key of the [*List] of a request.
var Key any = key{}

// most is the maximum number of errors in a list.
const most = 16

// Add adds err to the errors of r. Each error is added only once. If r has no List, if err is nil,
// or if the list is full, Add does nothing.
func Add(r *http.Request, err error) {
	l, _ := r.Context().Value(Key).(*List)
	if l == nil || err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	same := func(other error) bool { return otelutil.Same(err, other) }
	if len(l.errs) < most && !slices.ContainsFunc(l.errs, same) {
		l.errs = append(l.errs, err)
	}
}

// All returns the errors, in the order in which they were added.
func (l *List) All() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.errs)
}
