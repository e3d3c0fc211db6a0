package httptrace

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/handlererror"
	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
)

// serverRequest contains all data about one request to a server, in one allocation. It is also the
// context of this request.
type serverRequest struct {
	server  *server
	metrics *serverMetrics // nil if nothing is measured
	writer  http.ResponseWriter
	request *http.Request   // the request that the outermost Handler got
	inner   *http.Request   // the request that next gets, with the span in its context
	parent  context.Context //nolint:containedctx // the parent of this context
	start   time.Time
	origin  origin
	asked   asked

	caller trace.SpanContext // the remote span that the new trace links to, if it is valid
	root   bool              // the span starts a new trace, because of WithPublicEndpoint

	span       trace.Span
	name       string // the name with which the span started
	startRoute string // the route with which the span started
	late       bool   // the span started without attributes

	labeler  otelhttp.Labeler
	labels   *otelhttp.Labeler // the labeler that the handler gets
	route    routing.Route
	errors   handlererror.List
	body     requestBody
	response response

	returned bool
	aborted  bool   // the handler panicked with http.ErrAbortHandler or called runtime.Goexit
	failure  string // the type of the panic value; "" if there was no panic
	finished atomic.Bool
}

// newServerRequest returns the data about r. outer is the request whose handler made r, or nil.
func newServerRequest(s *server, metrics *serverMetrics, r *http.Request, outer *serverRequest) *serverRequest {
	c := &serverRequest{
		server: s, metrics: metrics, request: r, start: time.Now(), origin: s.proxies.originOf(r), asked: newAsked(s.config, r),
	}
	c.labels = &c.labeler
	if outer == nil {
		if found, _ := r.Context().Value(labelerKey).(*otelhttp.Labeler); found != nil { // other middleware has added it
			c.labels = found
		}
	}
	return c
}

// asked contains the parts of a request that the handler may change, as the client sent them. They
// are copied because attributes may be set when the handler has returned, or even while it still
// runs after a timeout.
type asked struct {
	path, query, agent string
	upgrade            bool
	headers            otelutil.AttributeList // the headers to record
}

func newAsked(c *config, r *http.Request) asked {
	a := asked{path: pathOf(r), upgrade: r.Header["Upgrade"] != nil}
	if c.query && r.URL != nil {
		a.query = r.URL.RawQuery
	}
	if agent := r.Header["User-Agent"]; len(agent) > 0 {
		a.agent = agent[0]
	}
	addHeaders(&a.headers, c.requestHeaders, r.Header)
	return a
}

func pathOf(r *http.Request) string {
	if r.URL == nil { // a handler created the request
		return ""
	}
	return r.URL.Path
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

// Value implements [context.Context]. It returns c itself, and the parts of c that have a key of
// their own.
func (c *serverRequest) Value(key any) any {
	switch key {
	case serverRequestKey{}:
		return c
	case routing.Key:
		return &c.route
	case handlererror.Key:
		return &c.errors
	case labelerKey:
		return c.labels
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
	return !parent.IsRemote() || c.caller.IsValid() && parent.Equal(c.caller) ||
		parent.TraceID() == trace.SpanContextFromContext(ctx).TraceID()
}

// serve starts the span, calls the next handler and ends the span. outer is the request whose
// handler made the request of c, or nil.
func (c *serverRequest) serve(outer *serverRequest, w http.ResponseWriter) {
	c.writer = w
	c.findParent(outer)
	if c.metrics != nil {
		c.metrics.active(c, 1)
	}
	c.inner = c.request.WithContext(c.startSpan())
	if c.measuresBodies() {
		c.inner.Body = c.body.of(c.request.Body)
	}
	c.route.Begin(c.inner)
	c.response.prepare(c)
	c.call()
	if !c.returned {
		errinfo.ContinueNilPanic()
	}
}

// findParent finds the context in which the span starts.
func (c *serverRequest) findParent(outer *serverRequest) {
	ctx := c.request.Context()
	c.parent = c.server.extract(c.request)
	switch parent := trace.SpanContextFromContext(c.parent); {
	case outer.made(ctx, parent):
		c.parent = ctx
	case c.server.public:
		c.root = true
		if parent.IsRemote() {
			c.caller = parent
		}
		c.parent = ctx
	}
}

func (c *serverRequest) measuresBodies() bool {
	return c.span.IsRecording() || c.metrics != nil && c.metrics.optional != nil
}

// call calls the next handler. It records a panic of the handler.
func (c *serverRequest) call() {
	defer func() {
		if c.returned {
			c.finish()
			return
		}
		// recover and the second panic are in the same deferred function. Therefore the stack
		// that net/http logs still shows where the first panic happened.
		v := recover()
		// After runtime.Goexit and after panic(nil), v is nil.
		c.aborted = v == nil || v == http.ErrAbortHandler //nolint:errorlint // net/http compares in the same way
		if !c.aborted {
			c.failure = errinfo.Record(c.span, v)
		}
		c.finish()
		if v != nil {
			panic(v) //nolint:forbidigo // continues the handler's own panic
		}
	}()
	c.server.next.ServeHTTP(c.response.as(c.writer), c.inner)
	c.returned = true
}

// finish ends the span and records the metrics. It writes to the request of c what the handler has
// set on the request inner, because other middleware reads it.
func (c *serverRequest) finish() {
	c.finished.Store(true)
	c.response.finish()
	o := c.outcome()
	if c.span.IsRecording() {
		c.complete(o)
	}
	if c.metrics != nil {
		c.metrics.active(c, -1)
		c.metrics.record(c, o)
	}
	c.span.End()
	routing.Return(c.request, c.inner)
}
