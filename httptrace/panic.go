package httptrace

import (
	"fmt"
	"net/http"
	"runtime/debug"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/privacy"
)

// panicked notes that the handler panicked with v, while the stack still has the
// frames that led there.
func (c *call) panicked(v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares like this
		c.aborted = true
		return
	}
	c.failure = fmt.Sprintf("%T", v)
	if !c.span.IsRecording() {
		return
	}
	c.span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
		semconv.ExceptionType(c.failure),
		semconv.ExceptionMessage(privacy.Text(tidied(fmt.Sprint(v)))),
		semconv.ExceptionStacktrace(string(debug.Stack())),
	))
}
