package httptrace

import (
	"net/http"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Transport returns a RoundTripper that sends requests with base, and records a client span and
// metrics for every request. If base is nil, it uses [http.DefaultTransport]. If base was also
// returned by Transport, each request still gets only one span.
//
// The span ends when the body of the response is closed or has been read to its end. It also ends
// when the context of the request ends.
//
// The returned value has a method Unwrap() http.RoundTripper, which returns base.
func Transport(base http.RoundTripper, opts ...Option) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	c := newConfig(opts)
	t := &transport{core: newCore(c), base: base}
	t.meter = providers.NewMeter(c.meterProvider, scopeName, t.newClientMetrics)
	return t
}

// transport wraps a RoundTripper.
type transport struct {
	core

	base  http.RoundTripper
	meter *providers.Meter[*clientMetrics]
	peers cache.Map[peer, string]
}

// RoundTrip sends r and records a span for it. If r gets no span, RoundTrip only adds the trace
// context to the header.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if e := roundTripFrom(ctx); e != nil && e.covers(r) {
		return t.base.RoundTrip(r)
	}
	_, tracing := t.tracer.Get()
	metrics, measuring := t.meter.Get()
	if !tracing && !measuring || suppress.Is(ctx) || !t.wanted(r) {
		return t.base.RoundTrip(t.pass(r))
	}
	return newRoundTrip(t, metrics, r).do()
}

// Unwrap returns the RoundTripper that sends the requests.
func (t *transport) Unwrap() http.RoundTripper { return t.base }

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
	c := outgoing{Request: r, borrowed: true}
	p.Inject(suppress.Outgoing(r.Context()), &c)
	return c.Request
}

// outgoing is a carrier for the header of a request. The first call of Set copies the header. If
// the request is borrowed, the first call also copies the request.
type outgoing struct {
	*http.Request

	borrowed bool
	copied   bool
}

func (c *outgoing) Get(key string) string      { return httpheader.Header(c.Header).Get(key) }
func (c *outgoing) Values(key string) []string { return httpheader.Header(c.Header).Values(key) }
func (c *outgoing) Keys() []string             { return httpheader.Header(c.Header).Keys() }

func (c *outgoing) Set(key, value string) {
	if !c.copied {
		c.copied = true
		if c.borrowed {
			c.Request = c.WithContext(c.Context())
		}
		if c.Header = c.Header.Clone(); c.Header == nil {
			c.Header = make(http.Header)
		}
	}
	httpheader.Header(c.Header).Set(key, value)
}
