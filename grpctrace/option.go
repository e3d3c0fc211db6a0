package grpctrace

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"

	"github.com/nais/spor/internal/healthcheck"
)

// An Option changes what [ServerOptions] and [DialOptions] do. Those that concern
// servers only are ignored by DialOptions.
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

// wanted reports whether calls of the method are to be seen.
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

// WithPropagator sets how trace context travels in metadata. The default is the global one.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and every measurement. They must
// be the same for all calls; to describe one call, set attributes on the span that
// trace.SpanFromContext returns. The default is none.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithFilter sees only the calls for which f returns true, given a full method
// such as "/pkg.Service/Method". The others make neither span nor measurement; for
// a server that includes everything that happens below them, for a client the
// trace context still travels along. With several filters, all must agree. f runs
// for each call, several at once.
//
// Health checks and reflection are left out without being told.
func WithFilter(f func(fullMethod string) bool) Option {
	return func(c *config) {
		if f != nil {
			c.filters = append(c.filters, f)
		}
	}
}

// WithPublicEndpoint starts a new trace for each call, linked to the span the
// caller told of, and drops the caller's baggage. It is for servers that take
// calls from strangers. The default trusts the caller.
func WithPublicEndpoint() Option {
	return func(c *config) { c.public = true }
}

// WithExpectedCodes makes these status codes no errors: NotFound for a client
// that asks whether something exists, say. The span of such a call has no error
// status, and neither span nor measurement an error.type. The default for servers
// and clients is told in the package comment.
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
