package httptrace

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
)

// serverRequest is all that httptrace keeps of one request to a server, in one
// allocation. It is itself a node of the request's context.
type serverRequest struct {
	server  *server
	writer  http.ResponseWriter
	request *http.Request      // as it reached the outermost Handler
	parent  context.Context    //nolint:containedctx // what the context that is this call derives from
	inner   *http.Request      // as it reached the handler, with the span in its context
	caller  *trace.SpanContext // the remote parent that a public endpoint links to, or nil
	start   time.Time
	scheme  string         // that the client used, as far as is known
	metrics *serverMetrics // nil when nothing is measured

	span     serverSpan
	labeler  otelhttp.Labeler
	route    routing.Route
	response response
	answer   http.Header // of the response, if anything is set or recorded there

	root     bool   // the span has no parent
	returned bool   // the handler returned
	aborted  bool   // or gave up on the response
	failure  string // or panicked with a value of this type
	finished atomic.Bool

	traceHeaders traceHeaders
}

type serverRequestKey struct{}

// labelerKey is otelhttp's key of the labeler; a context that is asked for one learns it.
var labelerKey = otelutil.ContextKey(func(ctx context.Context) { otelhttp.LabelerFromContext(ctx) })

// callFrom returns the call that ctx belongs to, or nil.
func callFrom(ctx context.Context) *serverRequest {
	c, _ := ctx.Value(serverRequestKey{}).(*serverRequest)
	return c
}

// Value makes call the node of a context that knows the call and otelhttp's labeler.
func (c *serverRequest) Value(key any) any {
	switch key {
	case serverRequestKey{}:
		return c
	case routing.Key:
		return &c.route
	case labelerKey:
		return &c.labeler
	case roundTripKey{}: // of a client that c is served for; c's own requests are others
		return nil
	}
	return c.parent.Value(key)
}

func (c *serverRequest) Deadline() (time.Time, bool) { return c.parent.Deadline() }
func (c *serverRequest) Done() <-chan struct{}       { return c.parent.Done() }
func (c *serverRequest) Err() error                  { return c.parent.Err() }

// includes reports whether r, under the context of c, is c's own request on its
// way in. Once c was answered, it is only if it is a copy that comes late, as
// with a timeout in between: others may use the context later.
func (c *serverRequest) includes(r *http.Request) bool {
	return routing.Same(c.request, r) && (!c.finished.Load() || routing.SameHeader(c.request, r))
}

// made reports whether the handler of c made the request that has ctx and the parent
// that its header names. A header that it copied names the caller of c.
func (c *serverRequest) made(ctx context.Context, parent trace.SpanContext) bool {
	if c == nil || c.finished.Load() {
		return false
	}
	return !parent.IsRemote() || c.caller != nil && parent.Equal(*c.caller) ||
		parent.TraceID() == trace.SpanContextFromContext(ctx).TraceID()
}

// begin prepares c for the handler; r is what otelhttp passes it.
func (c *serverRequest) begin(r *http.Request) {
	c.inner = r
	c.route.Begin(r)
	if s := c.server; !s.quiet || s.responseHeaders != nil {
		c.answer = c.writer.Header()
	}
	if !c.server.quiet {
		c.traceHeaders.set(c.answer, c.span.SpanContext(), c.request.Header["Origin"] != nil)
	}
}

// panicked records that the handler panicked with v, while the stack still has
// the frames of the panic.
func (c *serverRequest) panicked(v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares like this
		c.aborted = true
		return
	}
	c.failure = errinfo.Record(c.span.Span, v)
}
