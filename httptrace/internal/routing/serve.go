package routing

import (
	"context"
	"net/http"
)

// ServeWith calls next with a copy of r. The context of the copy is ctx. Afterwards it calls [Return].
func ServeWith(ctx context.Context, next http.Handler, w http.ResponseWriter, r *http.Request) {
	under := r.WithContext(ctx)
	defer Return(r, under)
	next.ServeHTTP(w, under)
}

// Return writes two fields of under, a copy of r that was served, back to r:
//   - the form, because net/http removes only the files of a form that is set on r,
//   - the pattern, because other middleware reads it.
//
// A field that has not changed is not written, because goroutines of other middleware may read r
// at the same time.
func Return(r, under *http.Request) {
	if r.Pattern != under.Pattern {
		r.Pattern = under.Pattern
	}
	if under.MultipartForm != nil {
		r.MultipartForm = under.MultipartForm
	}
}
