package routing

import (
	"context"
	"net/http"
)

// ServeWith serves r under ctx. The copy of r that this takes is hidden from
// the caller: net/http removes the files of a form parsed on it, and other
// middleware finds the pattern. A field that has not changed is not written, because
// goroutines of other middleware may read r.
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
