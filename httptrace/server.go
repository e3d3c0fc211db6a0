package httptrace

import (
	"context"
	"net/http"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/healthcheck"
	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Handler returns a handler that calls next, and records a server span and metrics for every
// request. If next is nil, it uses [http.DefaultServeMux]. Put a Handler directly around the
// [http.ServeMux]. If code between Handler and the mux copies the request, Handler cannot find the
// route.
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

// server wraps a handler.
type server struct {
	core

	next  http.Handler
	meter *providers.Meter[*serverMetrics]
}

func newServer(next http.Handler, c *config) *server {
	if next == nil {
		next = http.DefaultServeMux
	}
	s := &server{core: newCore(c), next: next}
	s.meter = providers.NewMeter(c.meterProvider, scopeName, s.newServerMetrics)
	return s
}

// ServeHTTP serves r and records a span for it. It starts no span if r already has a span, if r
// is filtered, or if nothing is recorded.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	outer := serverRequestFrom(ctx)
	switch {
	case outer != nil && outer.includes(r):
		outer.route.Below(w, r, s.next)
	case suppress.Is(ctx):
		s.next.ServeHTTP(w, r)
	case healthcheck.HTTP(r.Method, pathOf(r)):
		routing.ServeWith(suppress.Context(ctx), s.next, w, r)
	case !s.wanted(r):
		routing.ServeWith(s.filtered(r), s.next, w, r)
	default:
		s.record(outer, w, r)
	}
}

// record serves r and records it, unless the current providers record nothing. outer is the request
// whose handler made r, or nil.
func (s *server) record(outer *serverRequest, w http.ResponseWriter, r *http.Request) {
	_, tracing := s.tracer.Get()
	metrics, measuring := s.meter.Get()
	if !tracing && !measuring {
		s.pass(w, r)
		return
	}
	newServerRequest(s, metrics, r, outer).serve(outer, w)
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

// filtered returns the context of a request that is filtered out. The trace of the caller continues
// in the requests of the handler, unless the caller is unknown.
func (s *server) filtered(r *http.Request) context.Context {
	if s.public {
		return suppress.Context(r.Context())
	}
	return suppress.Below(s.extract(r))
}

func (s *server) extract(r *http.Request) context.Context {
	if p, ok := s.propagator.Get(); ok {
		return p.Extract(r.Context(), httpheader.Header(r.Header))
	}
	return r.Context()
}
