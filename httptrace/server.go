package httptrace

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/healthcheck"
	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Handler returns a handler that calls next, and records a server span and metrics for every
// request. Put it directly around the [http.ServeMux]. If code between Handler and the mux copies
// the request, Handler cannot find the route.
//
// You can put a Handler inside another Handler. The inner Handler does not start a second span
// for the same request, but sets the route of the first span. If a handler in the same process
// serves a different request, such as one request of a batch, this request gets its own span.
func Handler(next http.Handler, opts ...Option) http.Handler {
	return newServer(next, newConfig(opts))
}

// Middleware returns a function that wraps a handler with [Handler]. Many routers accept
// middleware in this form.
func Middleware(opts ...Option) func(http.Handler) http.Handler {
	c := newConfig(opts)
	return func(next http.Handler) http.Handler { return newServer(next, c) }
}

// SetRoute sets the route of the server span of r. route is the template that matched r. This
// route replaces any route that a router has found. Use SetRoute if there is no adapter for your
// router.
//
// Call SetRoute before the handler returns. r must be the request that Handler passed to next, or
// a copy of that request. If r has no span or route is empty, SetRoute does nothing.
//
// Never use the path of the request as the route. A path can contain personal data, and the
// number of different paths is not limited.
func SetRoute(r *http.Request, route string) { routing.From(r).Set(r, route) }

// server wraps a handler. A request passes through these functions, in this order: ServeHTTP,
// otelhttp, serve, next.
type server struct {
	core

	next     http.Handler
	otelhttp http.Handler
	meter    *providers.Meter[*serverMetrics]
}

func newServer(next http.Handler, c *config) *server {
	s := &server{core: newCore(c), next: next}
	s.meter = providers.NewMeter(c.meterProvider, scopeName, s.newServerMetrics)
	s.otelhttp = otelhttp.NewMiddleware("", c.otelhttpOptions(
		otelhttp.WithTracerProvider(otelutil.TracerProvider(s.start)),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()), // the method trace extracts instead
		otelhttp.WithSpanNameFormatter(startName),
	)...)(http.HandlerFunc(s.serve))
	return s
}

// ServeHTTP serves r and records a span for it. It starts no span if r already has a span, if r
// is filtered, or if nothing is recorded.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if c := serverRequestFrom(ctx); c != nil && c.includes(r) {
		c.route.Below(w, r, s.next)
		return
	}
	if suppress.Is(ctx) {
		s.next.ServeHTTP(w, r)
		return
	}
	if healthcheck.HTTP(r.Method, r.URL.Path) || !s.wanted(r) {
		routing.ServeWith(suppress.Context(ctx), s.next, w, r)
		return
	}
	_, tracing := s.tracer.Get()
	metrics, measuring := s.meter.Get()
	if !tracing && !measuring {
		s.pass(w, r)
		return
	}
	s.trace(&serverRequest{server: s, request: r, start: time.Now(), scheme: s.proxies.schemeOf(r), metrics: metrics}, w)
}

func (s *server) trace(c *serverRequest, w http.ResponseWriter) {
	r := c.request
	c.parent = s.extract(r)
	if outer, parent := serverRequestFrom(r.Context()), trace.SpanContextFromContext(c.parent); outer.made(r.Context(), parent) {
		c.parent = r.Context()
	} else if s.public {
		c.root = true
		if parent.IsRemote() {
			caller := parent
			c.caller = &caller
		}
		c.parent = r.Context()
	}
	defer func() {
		if c.inner != nil && r.Pattern != c.inner.Pattern {
			r.Pattern = c.inner.Pattern
		}
	}()
	if c.metrics != nil {
		defer c.metrics.active(c)()
	}
	c.writer = w
	routing.ServeWith(c, s.otelhttp, discardWriter{}, r)
}

// pass serves r without a span. The context of the handler contains the caller's trace context,
// so that the handler can send it to other services.
func (s *server) pass(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if extracted := s.extract(r); !s.public && !otelutil.Same(extracted, ctx) {
		routing.ServeWith(extracted, s.next, w, r)
		return
	}
	s.next.ServeHTTP(w, r)
}

func (s *server) extract(r *http.Request) context.Context {
	if p, ok := s.propagator.Get(); ok {
		return p.Extract(r.Context(), httpheader.Header(r.Header))
	}
	return r.Context()
}

// start starts the server span. ctx is a serverRequest or is derived from it. otelhttp calls
// start.
func (s *server) start(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	c := serverRequestFrom(ctx)
	if c.root {
		opts = append(opts, trace.WithNewRoot())
		if c.caller != nil {
			opts = append(opts, trace.WithLinks(trace.Link{SpanContext: *c.caller}))
		}
	}
	ctx, span := s.tracer.Start(ctx, name, startOptions(s.config, c.request, c.scheme, opts)...)
	c.span = serverSpan{Span: span, request: c}
	return ctx, &c.span
}

// serve calls the next handler. otelhttp calls serve after the span has started. The context of r
// contains the span.
func (s *server) serve(_ http.ResponseWriter, r *http.Request) {
	c := serverRequestFrom(r.Context())
	c.begin(r)
	s.call(c, r)
	if !c.returned {
		errinfo.ContinueNilPanic()
	}
}

// call calls the next handler. It records a panic of the handler.
func (s *server) call(c *serverRequest, r *http.Request) {
	defer func() {
		if c.returned {
			return
		}
		// recover and the second panic are in the same deferred function. Therefore the stack
		// that net/http logs still shows where the first panic happened.
		v := recover()
		if v == nil { // the handler called runtime.Goexit or panic(nil)
			c.aborted = true
			return
		}
		c.panicked(v)
		panic(v) //nolint:forbidigo // continues the handler's own panic
	}()
	s.next.ServeHTTP(c.response.as(c.writer), r)
	c.returned = true
}
