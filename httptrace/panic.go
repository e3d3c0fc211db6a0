package httptrace

import (
	"net/http"

	"github.com/nais/spor/internal/errinfo"
)

// panicked notes that the handler panicked with v, while the stack still has the
// frames that led there.
func (c *serverRequest) panicked(v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares like this
		c.aborted = true
		return
	}
	c.failure = errinfo.Record(c.span.Span, v)
}
