package routing

import (
	"context"
	"net/http"
)

// ServeWith serves r with the context ctx. It passes a copy of r to next, and then copies
// two fields back to r: the form, because net/http removes the files of a form only from r,
// and the pattern, because other middleware reads it. It does not write a field that has
// not changed, because goroutines of other middleware may read r.
func ServeWith(ctx context.Context, next http.Handler, w http.ResponseWriter, r *http.Request) {
	under := r.WithContext(ctx)
	defer func() {
		if r.Pattern != under.Pattern {
			r.Pattern = under.Pattern
		}
		if under.MultipartForm != nil {
			r.MultipartForm = under.MultipartForm
		}
	}()
	next.ServeHTTP(w, under)
}
