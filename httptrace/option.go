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

// An Option changes what [Handler], [Middleware] and [Transport] do. Transport ignores
// WithPublicEndpoint, WithQuery, WithTrustedProxies and WithoutServerTiming, which are only
// for servers. Nil options are ignored.
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

// otelhttpOptions returns the options for otelhttp. They turn its metrics off, because those
// have attributes from the Host header. This package records the metrics itself.
func (c *config) otelhttpOptions(opts ...otelhttp.Option) []otelhttp.Option {
	opts = append(opts, otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()))
	if len(c.attributes) > 0 {
		opts = append(opts, otelhttp.WithSpanOptions(trace.WithAttributes(c.attributes...)))
	}
	return opts
}

// wanted reports whether every filter returns true for r.
func (c *config) wanted(r *http.Request) bool {
	for _, wants := range c.filters {
		if !wants(r) {
			return false
		}
	}
	return true
}

// plain reports whether no option adds or changes attributes at the start of a span.
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

// WithPropagator sets the propagator, which reads and writes the headers with the trace
// context. The default is the global one.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and every metric. They are the same for all
// requests. To add an attribute to the span of one request, set it on the span that
// trace.SpanFromContext returns. The default is none.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithFilter records only the requests for which f returns true. All other requests get no
// span and are not measured. On a server, nothing that happens below such a request is
// recorded either. A client still sends the trace context with such a request. If there are
// several filters, all of them must return true. f is called for each request, and must be
// safe for concurrent use. The default is no filter; if f is nil, the option has no effect.
//
// Servers never record health checks and similar requests; see the package comment.
func WithFilter(f func(*http.Request) bool) Option {
	return func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	}
}

// WithPublicEndpoint starts a new trace for each request, with a link to the caller's span,
// and ignores the caller's baggage. Use it for servers that accept requests from unknown
// callers. By default, the server span belongs to the caller's trace.
func WithPublicEndpoint() Option {
	return func(c *config) { c.public = true }
}

// WithRequestHeaders records the request headers with these names as
// http.request.header.<name>. The default is none. The values of headers for credentials are
// recorded as REDACTED.
func WithRequestHeaders(names ...string) Option {
	return func(c *config) {
		c.requestHeaders = appendHeaders(c.requestHeaders, "http.request.header.", names)
	}
}

// WithResponseHeaders records the response headers with these names as
// http.response.header.<name>. The default is none. The values of headers for credentials are
// recorded as REDACTED.
func WithResponseHeaders(names ...string) Option {
	return func(c *config) {
		c.responseHeaders = appendHeaders(c.responseHeaders, "http.response.header.", names)
	}
}

// WithQuery records the query of requests to a server as url.query. The values of parameters
// for credentials are replaced by REDACTED. By default the query is not recorded, because it
// can contain text that people have typed.
func WithQuery() Option {
	return func(c *config) { c.query = true }
}

// WithTrustedProxies makes a server use the headers of proxies at these addresses for the
// client's address and scheme. The headers are X-Forwarded-For and X-Forwarded-Proto. Without
// X-Forwarded-For, the header Forwarded is used if it is present. By default no proxy is
// trusted, and the client's address is that of the connection's peer.
func WithTrustedProxies(addrs ...netip.Prefix) Option {
	return func(c *config) { c.proxies = append(c.proxies, slices.Clone(addrs)...) }
}

// WithoutServerTiming turns off the response headers Server-Timing and X-Trace-Id. They
// contain the trace ID of the request, for browsers and for people. By default a server sets
// them.
func WithoutServerTiming() Option {
	return func(c *config) { c.quiet = true }
}

// WithOptionalMetrics also records the metrics that are optional in the conventions:
// http.server.active_requests, http.server.request.body.size,
// http.server.response.body.size and http.client.request.body.size. By default only durations
// are recorded. Spans have the sizes in any case.
func WithOptionalMetrics() Option {
	return func(c *config) { c.optional = true }
}
