package grpctrace

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"

	"github.com/nais/spor/internal/healthcheck"
)

// An Option changes what [ServerOptions] and [DialOptions] do. DialOptions ignores
// WithPublicEndpoint, which is only for servers. Nil options are ignored.
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

// wanted reports whether calls of the method are recorded.
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

// WithTracerProvider sets the provider of the tracer. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) { c.tracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) { c.meterProvider = p }
}

// WithPropagator sets the propagator, which reads and writes the metadata with the trace
// context. The default is the global one.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and every metric. They are the same for all
// calls. To add an attribute to the span of one call, set it on the span that
// trace.SpanFromContext returns. The default is none.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithFilter records only the calls for which f returns true. fullMethod is, for example,
// "/pkg.Service/Method". All other calls get no span and are not measured. On a server,
// nothing that happens below such a call is recorded either. A client still sends the trace
// context with such a call. If there are several filters, all of them must return true. f is
// called for each call, and must be safe for concurrent use. The default is no filter; if f
// is nil, the option has no effect.
//
// Health checks and reflection are never recorded.
func WithFilter(f func(fullMethod string) bool) Option {
	return func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	}
}

// WithPublicEndpoint starts a new trace for each call, with a link to the caller's span, and
// ignores the caller's baggage. Use it for servers that accept calls from unknown callers. By
// default, the server span belongs to the caller's trace.
func WithPublicEndpoint() Option {
	return func(c *config) { c.public = true }
}

// WithExpectedCodes sets status codes that are not errors. For example, a client can expect
// NotFound if it only checks whether something exists. The span of such a call does not get
// the status Error, and its span and its metric have no error.type. The package comment lists
// the codes that are errors by default.
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
