package httptrace

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Transport returns a RoundTripper that sends requests with base, and records a client span and
// metrics for every request. If base is nil, it uses [http.DefaultTransport]. If base was also
// returned by Transport, each request still gets only one span.
//
// The span ends when the body of the response is closed or has been read to its end. It also ends
// when the context of the request ends.
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

// transport wraps a RoundTripper. A request passes through these functions, in this order:
// transport.RoundTrip, otelhttp, innermost.RoundTrip, base.
type transport struct {
	core

	base     http.RoundTripper
	otelhttp http.RoundTripper
	meter    *providers.Meter[*clientMetrics]
}

// clientName returns the name of a client span. The name contains no part of the URL, because
// every part of a URL can have many different values.
func clientName(_ string, r *http.Request) string { return spanName(r.Method, "") }

// RoundTrip sends r and records a span for it. If r gets no span, RoundTrip only adds the trace
// context to the header.
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

// start starts the client span. ctx is a roundTrip or is derived from it. otelhttp calls start.
func (t *transport) start(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	e := roundTripFrom(ctx)
	ctx, span := t.tracer.Start(ctx, name, opts...)
	e.inside = ctx
	e.span = clientSpan{Span: span, roundTrip: e}
	return ctx, &e.span
}

// CloseIdleConnections closes the idle connections of base.
// [http.Client.CloseIdleConnections] calls it.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// pass adds the trace context to the header of a copy of r, and returns the copy. It takes the
// trace context from the context of r. If there is nothing to add, it returns r. pass starts no
// span.
func (t *transport) pass(r *http.Request) *http.Request {
	p, ok := t.propagator.Get()
	if !ok {
		return r
	}
	c := copied{Request: r}
	p.Inject(r.Context(), &c)
	return c.Request
}

// copied is a carrier for the header of a request that must not be changed. The first call of Set
// copies the request and its header, and changes the copy.
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

// injector is the propagator that otelhttp gets. It injects with the current propagator. It
// extracts nothing.
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

// isEmpty reports whether res has no body. For such a response, net/http has [http.NoBody], and
// HTTP/2 has a body of its own. Both are values of a type without fields.
func isEmpty(r *http.Request, res *http.Response) bool {
	return res.Body == http.NoBody ||
		res.Body != nil && (r.Method == http.MethodHead || res.ContentLength == 0) && reflect.TypeOf(res.Body).Size() == 0
}

// innermost is the RoundTripper that otelhttp calls to send a request.
type innermost transport

// RoundTrip passes the caller's own body and trailers to base, because the caller may set trailers
// while base reads the body. RoundTrip also records whether the response has a body. It must do
// this before it returns, because otelhttp then wraps the body.
func (t *innermost) RoundTrip(r *http.Request) (*http.Response, error) {
	e := roundTripFrom(r.Context())
	r.Body, r.GetBody, r.Trailer = e.request.Body, e.request.GetBody, e.request.Trailer
	res, err := t.base.RoundTrip(r)
	if res != nil {
		if isEmpty(r, res) {
			e.empty = res.Body
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			e.switched, _ = res.Body.(writeCloser)
		}
	}
	return res, err
}
