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

// serverRequest contains all data about one request to a server, in one allocation. It is also the
// context of this request.
type serverRequest struct {
	server  *server
	writer  http.ResponseWriter
	request *http.Request      // the request that the outermost Handler got
	parent  context.Context    //nolint:containedctx // the parent of this context
	inner   *http.Request      // the request that next gets, with the span in its context
	caller  *trace.SpanContext // the remote span that the new trace links to, or nil
	start   time.Time
	scheme  string         // the scheme that the client used
	metrics *serverMetrics // nil if nothing is measured

	span     serverSpan
	labeler  otelhttp.Labeler
	route    routing.Route
	response response
	answer   http.Header // the response header; nil if it is neither changed nor recorded

	root     bool // the span starts a new trace, because of WithPublicEndpoint
	returned bool
	aborted  bool   // the handler panicked with http.ErrAbortHandler or called runtime.Goexit
	failure  string // the type of the panic value; "" if there was no panic
	finished atomic.Bool

	traceHeaders traceHeaders
}

type serverRequestKey struct{}

// labelerKey is the context key that otelhttp uses for the labeler.
var labelerKey = otelutil.ContextKey(func(ctx context.Context) { otelhttp.LabelerFromContext(ctx) })

// serverRequestFrom returns the server's request that ctx belongs to. It returns nil if ctx does
// not belong to a request.
func serverRequestFrom(ctx context.Context) *serverRequest {
	c, _ := ctx.Value(serverRequestKey{}).(*serverRequest)
	return c
}

// Value implements [context.Context]. The keys serverRequestKey{}, routing.Key and labelerKey
// return c itself, the route of c and the labeler of c.
func (c *serverRequest) Value(key any) any {
	switch key {
	case serverRequestKey{}:
		return c
	case routing.Key:
		return &c.route
	case labelerKey:
		return &c.labeler
	case roundTripKey{}:
		// If a client in the same process sent the request of c, the parent context contains the
		// roundTrip of that client. This value does not belong to the requests that the handler of
		// c sends, so these requests must not find it.
		return nil
	}
	return c.parent.Value(key)
}

func (c *serverRequest) Deadline() (time.Time, bool) { return c.parent.Deadline() }
func (c *serverRequest) Done() <-chan struct{}       { return c.parent.Done() }
func (c *serverRequest) Err() error                  { return c.parent.Err() }

// includes reports whether r is the request of c, or a copy of it that reached a second Handler.
// After c has finished, r must also have the same header map. A copy that reaches the second
// Handler late, after a timeout, has the same header map. A different request that uses the
// context of c later does not have it.
func (c *serverRequest) includes(r *http.Request) bool {
	return routing.Same(c.request, r) && (!c.finished.Load() || routing.SameHeader(c.request, r))
}

// made reports whether the handler of c itself created a request. ctx is the context of that
// request. parent is the span context that was extracted from the header of that request. If the
// handler copied the header of its own request, parent is the span context that the caller of c
// sent.
func (c *serverRequest) made(ctx context.Context, parent trace.SpanContext) bool {
	if c == nil || c.finished.Load() {
		return false
	}
	return !parent.IsRemote() || c.caller != nil && parent.Equal(*c.caller) ||
		parent.TraceID() == trace.SpanContextFromContext(ctx).TraceID()
}

// begin prepares c before the handler is called. r is the request that the handler gets.
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

// panicked records that the handler panicked with v. It must be called in the deferred function
// that recovered, because the stack then still shows where the panic happened.
func (c *serverRequest) panicked(v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares in the same way
		c.aborted = true
		return
	}
	c.failure = errinfo.Record(c.span.Span, v)
}
