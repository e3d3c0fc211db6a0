package httptrace

import (
	"net/http"
	"net/netip"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// An Option changes what [Handler], [Middleware] and [Transport] do. Transport
// ignores WithPublicEndpoint, WithQuery, WithTrustedProxies and
// WithoutServerTiming, which concern servers.
type Option func(*config)

type config struct {
	tracerProvider  trace.TracerProvider
	meterProvider   metric.MeterProvider
	propagator      propagation.TextMapPropagator
	attributes      []attribute.KeyValue
	filters         []func(*http.Request) bool
	public          bool
	query           bool
	quiet           bool
	optional        bool
	proxies         trustedProxies
	requestHeaders  []header
	responseHeaders []header
}

func newConfig(opts []Option) *config {
	c := new(config)
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// otelhttpOptions returns the options to use otelhttp with: it starts and ends spans, and
// leaves measuring to this package, since its series follow the Host header.
func (c *config) otelhttpOptions(opts ...otelhttp.Option) []otelhttp.Option {
	opts = append(opts, otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()))
	if len(c.attributes) > 0 {
		opts = append(opts, otelhttp.WithSpanOptions(trace.WithAttributes(c.attributes...)))
	}
	return opts
}

// wanted reports whether every filter lets r through.
func (c *config) wanted(r *http.Request) bool {
	for _, wants := range c.filters {
		if !wants(r) {
			return false
		}
	}
	return true
}

// plain reports whether no option adds to the attributes at the start of a span.
func (c *config) plain() bool {
	return c.requestHeaders == nil && !c.query && len(c.proxies) == 0
}

// WithTracerProvider sets the provider of the tracer. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) { c.tracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) { c.meterProvider = p }
}

// WithPropagator sets how trace context travels in headers. The default is the global one.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and every measurement. They must
// be the same for all requests; to describe one request, set attributes on the
// span that trace.SpanFromContext returns. The default is none.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithFilter sees only the requests for which f returns true. The others make
// neither span nor measurement; for a server that includes everything that
// happens below them, for a client the trace context still travels along. With
// several filters, all must agree. f runs for each request, several at once.
//
// Servers leave out health checks, metrics and the like without being told; see
// the package comment.
func WithFilter(f func(*http.Request) bool) Option {
	return func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	}
}

// WithPublicEndpoint starts a new trace for each request, linked to the span the
// caller told of, and drops the caller's baggage. It is for servers that take
// requests from strangers. The default trusts the caller.
func WithPublicEndpoint() Option {
	return func(c *config) { c.public = true }
}

// WithRequestHeaders records the request headers named, and no others, as
// http.request.header.<name>. The default is none. Headers that carry
// credentials are recorded as REDACTED.
func WithRequestHeaders(names ...string) Option {
	return func(c *config) {
		c.requestHeaders = appendHeaders(c.requestHeaders, "http.request.header.", names)
	}
}

// WithResponseHeaders records the response headers named, and no others, as
// http.response.header.<name>. The default is none. Headers that carry
// credentials are recorded as REDACTED.
func WithResponseHeaders(names ...string) Option {
	return func(c *config) {
		c.responseHeaders = appendHeaders(c.responseHeaders, "http.response.header.", names)
	}
}

// WithQuery records the query of requests to a server as url.query, with known
// credentials REDACTED. The default leaves it out, since queries carry what
// people type.
func WithQuery() Option {
	return func(c *config) { c.query = true }
}

// WithTrustedProxies believes what proxies at these addresses say about the
// client's address and scheme, in X-Forwarded-For and X-Forwarded-Proto or, in
// their absence, Forwarded. The default believes nobody: the client is the peer
// of the connection.
func WithTrustedProxies(addrs ...netip.Prefix) Option {
	return func(c *config) { c.proxies = append(c.proxies, slices.Clone(addrs)...) }
}

// WithoutServerTiming leaves out the response headers that tell a browser which
// trace its request belongs to: Server-Timing and X-Trace-Id.
func WithoutServerTiming() Option {
	return func(c *config) { c.quiet = true }
}

// WithOptionalMetrics measures, beside durations, what the conventions leave to
// choice: http.server.active_requests, and the sizes of bodies in
// http.server.request.body.size, http.server.response.body.size and
// http.client.request.body.size. The default is durations alone; spans tell the
// sizes anyway.
func WithOptionalMetrics() Option {
	return func(c *config) { c.optional = true }
}
