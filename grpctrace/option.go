package grpctrace

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"

	"github.com/nais/spor/internal/healthcheck"
)

// An Option is an argument of [ServerOptions] or [DialOptions]. WithPublicEndpoint is only for
// servers, so DialOptions ignores it. Nil options are ignored.
type Option func(*config)

type config struct {
	tracerProvider trace.TracerProvider
	meterProvider  metric.MeterProvider
	propagator     propagation.TextMapPropagator
	attributes     []attribute.KeyValue
	filters        []func(fullMethod string) bool
	expected       map[codes.Code]bool
	public         bool
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

func (c *config) wanted(fullMethod string) bool {
	if healthcheck.RPC(fullMethod) {
		return false
	}
	for _, wants := range c.filters {
		if !wants(fullMethod) {
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

// WithPropagator sets the propagator. A server uses it to read the trace context from the metadata
// that it receives. A client uses it to write the trace context to the metadata that it sends. The
// default is the global propagator.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attrs to every span and every metric. To add an attribute to the span of
// only one call, call trace.SpanFromContext and set the attribute on the span that it returns. By
// default, no attributes are added.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithFilter records only the calls for which f returns true. fullMethod is, for example,
// "/pkg.Service/Method". If f returns false, the call gets no span and is not measured.
//
// If f returns false on a server, the work of the handler during this call is not recorded either,
// for example its database queries and its calls to other services. These calls contain the trace
// context of the caller. If f returns false on a client, the client still sends the trace context
// with the call.
//
// f is called for each call, and must be safe for concurrent use. With several filters, a call is
// recorded only if all of them return true. The default is no filter. If f is nil, the option has
// no effect.
//
// Health checks and reflection are never recorded, even if f returns true.
func WithFilter(f func(fullMethod string) bool) Option {
	return func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	}
}

// WithPublicEndpoint is for servers that accept calls from unknown callers. The server starts a
// new trace for each call, adds a link to the caller's span, and ignores the caller's baggage. By
// default, the server span belongs to the caller's trace.
func WithPublicEndpoint() Option {
	return func(c *config) { c.public = true }
}

// WithExpectedCodes sets status codes that are not errors. For example, a client can expect
// NotFound if it only checks whether something exists. If a call ends with one of these codes, the
// span does not get the status Error, and neither the span nor the metric has error.type. The
// package comment lists the codes that are errors by default.
func WithExpectedCodes(expected ...codes.Code) Option {
	return func(c *config) {
		if c.expected == nil {
			c.expected = make(map[codes.Code]bool)
		}
		for _, code := range expected {
			c.expected[code] = true
		}
	}
}
