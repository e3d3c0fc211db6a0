package kafkatrace

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// An Option changes what a [Tracer] does.
type Option func(*config)

type config struct {
	tracerProvider trace.TracerProvider
	meterProvider  metric.MeterProvider
	propagator     propagation.TextMapPropagator
	attributes     []attribute.KeyValue
	group          string
	links          bool
	ambient        bool
	commits        bool
	partitions     bool
	key            func([]byte) string
	baggage        baggageRule
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

// WithTracerProvider sets the provider of the tracer. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) { c.tracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) { c.meterProvider = p }
}

// WithPropagator sets how trace context travels in the headers of records. The
// default is the global one.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and every measurement, but for
// messaging.client.id, which measurements do not have. They must be the same for
// all records; to describe one, set attributes on the span that
// trace.SpanFromContext returns. The default is what the client tells.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithConsumerGroup names the group on what consumers record. The default is what
// the client tells.
func WithConsumerGroup(name string) Option {
	return func(c *config) { c.group = name }
}

// WithLinksOnly starts a new trace for each record that is processed, linked to
// the span that sent it. The default continues the sender's trace, which is what
// service maps are drawn from.
func WithLinksOnly() Option {
	return func(c *config) { c.links = true }
}

// WithAmbientParent makes the span in the context that processing begins under
// the parent of the span of processing, if there is one; the sender's is linked.
// It is for programs that have a span of their own around each record. The default
// ignores that span: in the context of a poll loop it is the parent of every
// record for ever.
func WithAmbientParent() Option {
	return func(c *config) { c.ambient = true }
}

// WithKey records the key of each record as messaging.kafka.message.key, in the
// form that format gives it; nil means as it is. Keys that are not valid UTF-8
// are left out, as are those for which format returns "", and 256 bytes are the
// most. The default is no keys, since they often are personal data: let format
// return a hash.
func WithKey(format func(key []byte) string) Option {
	if format == nil {
		format = func(key []byte) string { return string(key) }
	}
	return func(c *config) { c.key = format }
}

// WithBaggage lets baggage travel in the headers of records, and into the context
// of those who process them: the members with these keys, as many as fit into
// maxBytes, in the order of the keys. The default is none, since headers stay
// in the log for as long as the records do, for everybody who reads the topic.
func WithBaggage(maxBytes int, keys ...string) Option {
	return func(c *config) { c.baggage = baggageRule{maxBytes, slices.Clone(keys)} }
}

// WithCommitSpans makes a CLIENT span of each commit, linked to what it commits
// where that is known. The default measures commits alone.
func WithCommitSpans() Option {
	return func(c *config) { c.commits = true }
}

// WithPartitionMetrics adds messaging.destination.partition.id to what is measured
// of records, which makes as many series as there are partitions. The default
// leaves it out.
func WithPartitionMetrics() Option {
	return func(c *config) { c.partitions = true }
}
