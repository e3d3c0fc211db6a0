package httptrace

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Transport returns base with a client span and request metrics for every
// request; nil means [http.DefaultTransport]. A Transport around another one
// makes one span, not two.
//
// The span ends when the body of the response was read or closed, or when the
// request's context ends.
func Transport(base http.RoundTripper, opts ...Option) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	c := newConfig(opts)
	t := &transport{core: newCore(c), base: base}
	t.meter = providers.NewMeter(c.meterProvider, scopeName, t.newClientMetrics)
	t.otelhttp = otelhttp.NewTransport((*innermost)(t), c.otelhttpOptions(
		otelhttp.WithTracerProvider(otelutil.TracerProvider(t.start)),
		otelhttp.WithPropagators(injector{transport: t}),
		otelhttp.WithSpanNameFormatter(clientName),
	)...)
	return t
}

// transport surrounds a RoundTripper. Requests go through it from the outside
// in: RoundTrip, otelhttp, innermost, base.
type transport struct {
	core

	base     http.RoundTripper
	otelhttp http.RoundTripper
	meter    *providers.Meter[*clientMetrics]
}

// clientName is the name of a client span: nothing of a URL is few.
func clientName(_ string, r *http.Request) string { return spanName(r.Method, "") }

// RoundTrip decides what becomes of a request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if e := roundTripFrom(ctx); e != nil && e.covers(r) {
		return t.base.RoundTrip(r)
	}
	_, tracing := t.tracer.Get()
	_, measuring := t.meter.Get()
	if !tracing && !measuring || suppress.Is(ctx) || !t.wanted(r) {
		return t.base.RoundTrip(t.pass(r))
	}
	e := &roundTrip{transport: t, request: r, parent: ctx, start: time.Now()}
	res, err := t.otelhttp.RoundTrip(r.WithContext(e))
	e.answered(res, err)
	return res, err
}

// start starts the span of the round trip whose context is ctx, for otelhttp.
func (t *transport) start(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	e := roundTripFrom(ctx)
	ctx, span := t.tracer.Start(ctx, name, opts...)
	e.inside = ctx
	e.span = clientSpan{Span: span, roundTrip: e}
	return ctx, &e.span
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] calls.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// pass returns r with the trace context it is under, and no span of its own.
func (t *transport) pass(r *http.Request) *http.Request {
	p, ok := t.propagator.Get()
	if !ok {
		return r
	}
	c := copied{Request: r}
	p.Inject(r.Context(), &c)
	return c.Request
}

// copied is the header of a request that must not be changed: setting copies it.
type copied struct {
	*http.Request

	own bool
}

func (c *copied) Get(key string) string      { return httpheader.Header(c.Header).Get(key) }
func (c *copied) Values(key string) []string { return httpheader.Header(c.Header).Values(key) }
func (c *copied) Keys() []string             { return httpheader.Header(c.Header).Keys() }

func (c *copied) Set(key, value string) {
	if !c.own {
		c.own = true
		c.Request = c.WithContext(c.Context())
		if c.Header = c.Header.Clone(); c.Header == nil {
			c.Header = make(http.Header)
		}
	}
	httpheader.Header(c.Header).Set(key, value)
}

// injector is the propagator in force, as otelhttp uses it.
type injector struct{ transport *transport }

func (i injector) Inject(ctx context.Context, header propagation.TextMapCarrier) {
	p, ok := i.transport.propagator.Get()
	if !ok {
		return
	}
	if h, ok := header.(propagation.HeaderCarrier); ok {
		header = httpheader.Header(h)
	}
	p.Inject(ctx, header)
}

func (i injector) Extract(ctx context.Context, _ propagation.TextMapCarrier) context.Context {
	return ctx
}

func (i injector) Fields() []string { return nil }

// innermost is what otelhttp takes for the base.
type innermost transport

// RoundTrip gives the base the caller's own body and trailers, which the caller may
// fill in while the body is read, and lets the round trip see the body of the response
// before otelhttp wraps it.
func (t *innermost) RoundTrip(r *http.Request) (*http.Response, error) {
	e := roundTripFrom(r.Context())
	r.Body, r.GetBody, r.Trailer = e.request.Body, e.request.GetBody, e.request.Trailer
	res, err := t.base.RoundTrip(r)
	if res != nil {
		e.bodyless = res.Body == http.NoBody
	}
	return res, err
}
