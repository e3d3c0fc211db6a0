package httptrace

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/healthcheck"
	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Handler returns next with a server span and request metrics for every request.
// Put it directly around the [http.ServeMux]: what copies the request between the
// two hides the route. A Handler below another one starts no second span for the
// same request, and gives the first span its route. Another request that a handler
// serves in the process, such as one of a batch, has a span of its own.
func Handler(next http.Handler, opts ...Option) http.Handler {
	return newServer(next, newConfig(opts))
}

// Middleware is [Handler] in the form routers take.
func Middleware(opts ...Option) func(http.Handler) http.Handler {
	c := newConfig(opts)
	return func(next http.Handler) http.Handler { return newServer(next, c) }
}

// SetRoute names the server span of r after route, the template that matched it,
// whatever the router found. It is for routers without an adapter; call it before
// the handler returns, with a request at or below the one that Handler passed on.
// Without a span, or with an empty route, it does nothing. Never pass a path: it
// may name a person, and there is no end of them.
func SetRoute(r *http.Request, route string) { routing.From(r).Set(r, route) }

// server surrounds a handler. Requests go through it from the outside in:
// ServeHTTP, otelhttp, serve, next.
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
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()), // trace extracts
		otelhttp.WithSpanNameFormatter(startName),
	)...)(http.HandlerFunc(s.serve))
	return s
}

// ServeHTTP decides what becomes of a request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if c := callFrom(ctx); c != nil && c.includes(r) {
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

// trace serves the request of c in a span.
func (s *server) trace(c *serverRequest, w http.ResponseWriter) {
	r := c.request
	c.parent = s.extract(r)
	if outer, parent := callFrom(r.Context()), trace.SpanContextFromContext(c.parent); outer.made(r.Context(), parent) {
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
	routing.ServeWith(c, s.otelhttp, nobody{}, r)
}

// pass serves r without a span, for the sake of the trace context that came along.
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

// start starts the span of the request whose context is ctx, for otelhttp.
func (s *server) start(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	c := callFrom(ctx)
	if c.root {
		opts = append(opts, trace.WithNewRoot())
		if c.caller != nil {
			opts = append(opts, trace.WithLinks(trace.Link{SpanContext: *c.caller}))
		}
	}
	ctx, span := s.tracer.Start(ctx, name, startOptions(s.config, c.request, c.scheme, opts)...)
	c.span = serverSpan{Span: span, call: c}
	return ctx, &c.span
}

// serve is what otelhttp calls: the span has started and is in r's context.
func (s *server) serve(_ http.ResponseWriter, r *http.Request) {
	c := callFrom(r.Context())
	c.begin(r)
	defer func() {
		if c.returned {
			return
		}
		// Recovering and panicking again in one deferred call keeps the frames
		// of the first panic in the stack that net/http logs.
		v := recover()
		if v == nil { // runtime.Goexit
			c.aborted = true
			return
		}
		c.panicked(v)
		panic(v) //nolint:forbidigo // the handler's own panic goes on
	}()
	s.next.ServeHTTP(c.response.as(c.writer), r)
	c.returned = true
}
