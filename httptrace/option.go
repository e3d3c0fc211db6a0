package httptrace

import (
	"net/http"
	"net/netip"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// An Option is an argument of [Handler], [Middleware] or [Transport]. Some options are only for
// servers: WithPublicEndpoint, WithQuery, WithTrustedProxies, WithoutServerTiming and
// WithoutStreamDurations. Transport ignores them. WithPhases is only for clients. Nil options are
// ignored.
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
	noStreams       bool
	phases          bool
	expected        []int
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

func (c *config) wanted(r *http.Request) bool {
	for _, wants := range c.filters {
		if !wants(r) {
			return false
		}
	}
	return true
}

// WithTracerProvider sets the tracer provider. The default is the global tracer provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) { c.tracerProvider = p }
}

// WithMeterProvider sets the meter provider. The default is the global meter provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) { c.meterProvider = p }
}

// WithPropagator sets the propagator. A server uses it to read the trace context from the headers
// of the requests that it receives. A client uses it to write the trace context to the headers of
// the requests that it sends. The default is the global propagator.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attrs to every span and every metric. To add an attribute to the span of
// only one request, call trace.SpanFromContext and set the attribute on the span that it returns.
// By default, no attributes are added.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithFilter records only the requests for which f returns true. If f returns false, the request
// gets no span and is not measured.
//
// If f returns false on a server, the work of the handler during this request is not recorded
// either, for example its database queries and its requests to other services. These requests
// contain the trace context of the caller. If f returns false on a client, the client still sends
// the trace context with the request.
//
// f is called for each request, and must be safe for concurrent use. With several filters, a
// request is recorded only if all of them return true. The default is no filter. If f is nil, the
// option has no effect.
//
// A server never records health checks and similar requests, even if f returns true. The package
// comment lists these requests.
func WithFilter(f func(*http.Request) bool) Option {
	return func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	}
}

// WithPublicEndpoint is for servers that accept requests from unknown callers. The server starts
// a new trace for each request, adds a link to the caller's span, and ignores the caller's
// baggage. By default, the server span belongs to the caller's trace.
func WithPublicEndpoint() Option {
	return func(c *config) { c.public = true }
}

// WithRequestHeaders records the request headers with these names. The attributes have names of
// the form http.request.header.<name>. If a header contains credentials, its value is recorded as
// REDACTED. By default, no request headers are recorded.
func WithRequestHeaders(names ...string) Option {
	return func(c *config) {
		c.requestHeaders = appendHeaders(c.requestHeaders, "http.request.header.", names)
	}
}

// WithResponseHeaders records the response headers with these names. The attributes have names of
// the form http.response.header.<name>. If a header contains credentials, its value is recorded
// as REDACTED. By default, no response headers are recorded.
func WithResponseHeaders(names ...string) Option {
	return func(c *config) {
		c.responseHeaders = appendHeaders(c.responseHeaders, "http.response.header.", names)
	}
}

// WithQuery records the query of requests to a server as url.query. If a parameter contains
// credentials, its value is replaced by REDACTED. By default, the query is not recorded, because
// it can contain text that people have typed.
func WithQuery() Option {
	return func(c *config) { c.query = true }
}

// WithTrustedProxies sets the addresses of proxies that a server trusts. If a trusted proxy sends
// a request, the server reads the client's address and scheme from the headers X-Forwarded-For and
// X-Forwarded-Proto. If X-Forwarded-For is missing and the header Forwarded is present, the server
// reads Forwarded instead of these two headers. By default, no proxy is trusted. The client's
// address is then the address from which the connection comes.
func WithTrustedProxies(addrs ...netip.Prefix) Option {
	return func(c *config) { c.proxies = append(c.proxies, slices.Clone(addrs)...) }
}

// WithoutServerTiming turns off two response headers: Server-Timing and X-Trace-Id. They contain
// the trace ID of the request. Browsers read Server-Timing, and people read X-Trace-Id. By
// default, a server sends both headers.
func WithoutServerTiming() Option {
	return func(c *config) { c.quiet = true }
}

// WithOptionalMetrics also records the metrics that are optional in the conventions:
//   - http.server.active_requests
//   - http.server.request.body.size
//   - http.server.response.body.size
//   - http.client.request.body.size
//
// By default, only the metrics of durations are recorded. The sizes on spans do not depend on
// this option. If a client's request announces the length of its body, http.client.request.body.size
// is this length.
func WithOptionalMetrics() Option {
	return func(c *config) { c.optional = true }
}

// WithExpectedStatus sets statuses of responses that are not errors. For example, a client can
// expect 404 if it only checks whether something exists. If a response has one of these statuses,
// the span does not get the status Error, and neither the span nor the metric has error.type. By
// default, statuses of 400 and above are errors of a client, and statuses of 500 and above are
// errors of a server.
func WithExpectedStatus(statuses ...int) Option {
	return func(c *config) { c.expected = append(c.expected, statuses...) }
}

// WithoutStreamDurations removes long responses of a server from the metric
// http.server.request.duration: event streams (text/event-stream), streams of Connect
// (application/connect+) and connections that change to another protocol, such as WebSocket. They last as long as the client wants, so their durations
// hide how fast the server is. They still get a span. By default, all requests are measured.
func WithoutStreamDurations() Option {
	return func(c *config) { c.noStreams = true }
}

// WithPhases records the phases of a client's request as events of the client span:
// http.getconn.start and http.getconn.done, and in the same form http.dns, http.connect and
// http.tls, then http.send.done and http.receive.start, which is the first byte of the response. A
// phase that did not happen has no event. The phases of a reused connection, for example, are only
// getconn, send and receive. By default, phases are not recorded.
func WithPhases() Option {
	return func(c *config) { c.phases = true }
}
