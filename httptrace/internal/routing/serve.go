package routing

import (
	"context"
	"net/http"
)

// ServeWith calls next with a copy of r. The context of the copy is ctx. When next returns,
// ServeWith writes two fields of the copy back to r:
//   - the form, because net/http removes only the files of a form that is set on r,
//   - the pattern, because other middleware reads it.
//
// A field that has not changed is not written, because goroutines of other middleware may read r
// at the same time.
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
