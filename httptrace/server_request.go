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

// serverRequest has all data about one request to a server, in one allocation. It is also the
// context of that request.
type serverRequest struct {
	server  *server
	writer  http.ResponseWriter
	request *http.Request      // the request that the outermost Handler got
	parent  context.Context    //nolint:containedctx // the context from which this one derives
	inner   *http.Request      // the request that next gets, with the span in its context
	caller  *trace.SpanContext // the remote parent that a public endpoint links to, or nil
	start   time.Time
	scheme  string         // the scheme that the client used
	metrics *serverMetrics // nil if nothing is measured

	span     serverSpan
	labeler  otelhttp.Labeler
	route    routing.Route
	response response
	answer   http.Header // the response header; nil if nothing is set or recorded there

	root     bool   // the span has no parent
	returned bool   // the handler returned
	aborted  bool   // the handler panicked with http.ErrAbortHandler or called runtime.Goexit
	failure  string // the type of the value with which the handler panicked
	finished atomic.Bool

	traceHeaders traceHeaders
}

type serverRequestKey struct{}

// labelerKey is the key under which otelhttp looks up the labeler in a context.
var labelerKey = otelutil.ContextKey(func(ctx context.Context) { otelhttp.LabelerFromContext(ctx) })

// serverRequestFrom returns the request to a server that ctx belongs to, or nil.
func serverRequestFrom(ctx context.Context) *serverRequest {
	c, _ := ctx.Value(serverRequestKey{}).(*serverRequest)
	return c
}

// Value implements [context.Context]. It has values for c itself, its route and its labeler.
func (c *serverRequest) Value(key any) any {
	switch key {
	case serverRequestKey{}:
		return c
	case routing.Key:
		return &c.route
	case labelerKey:
		return &c.labeler
	case roundTripKey{}:
		// This value belongs to the client's request, if the client is in the same
		// process. The handler of c makes different requests.
		return nil
	}
	return c.parent.Value(key)
}

func (c *serverRequest) Deadline() (time.Time, bool) { return c.parent.Deadline() }
func (c *serverRequest) Done() <-chan struct{}       { return c.parent.Done() }
func (c *serverRequest) Err() error                  { return c.parent.Err() }

// includes reports whether r is the request of c in a second Handler. After c has been
// answered, r must also have the same header map. This is true for a copy of the request that
// reaches the second Handler late, after a timeout. Other requests can also use the context
// of c later.
func (c *serverRequest) includes(r *http.Request) bool {
	return routing.Same(c.request, r) && (!c.finished.Load() || routing.SameHeader(c.request, r))
}

// made reports whether the handler of c made a request itself. ctx is the context of that
// request, and parent is the span context in its header. If the handler copied the header of
// its own request, parent is the caller of c.
func (c *serverRequest) made(ctx context.Context, parent trace.SpanContext) bool {
	if c == nil || c.finished.Load() {
		return false
	}
	return !parent.IsRemote() || c.caller != nil && parent.Equal(*c.caller) ||
		parent.TraceID() == trace.SpanContextFromContext(ctx).TraceID()
}

// begin prepares c for the handler. r is the request that the handler gets.
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

// panicked records that the handler panicked with v. It must be called while the stack still
// has the frames of the panic.
func (c *serverRequest) panicked(v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares in the same way
		c.aborted = true
		return
	}
	c.failure = errinfo.Record(c.span.Span, v)
}
