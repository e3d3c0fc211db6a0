package kafkatrace

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace/internal/report"
)

// An Option changes what a [Tracer] does.
type Option func(*config)

type config struct {
	tracerProvider trace.TracerProvider
	meterProvider  metric.MeterProvider
	propagator     propagation.TextMapPropagator
	attributes     []attribute.KeyValue
	group          string
	parent         Parent
	commits        bool
	partitions     bool
	key            func([]byte) string
	baggage        baggageRule
	lag            *report.Lag // of an adapter, to be set
}

// ReportLag is for the option of package report.
func (c *config) ReportLag(l *report.Lag) { c.lag = l }

func newConfig(opts []Option) *config {
	c := new(config)
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// clientID returns the messaging.client.id among the attributes, "" if there is none.
func (c *config) clientID() string {
	id := ""
	for _, attr := range c.attributes {
		if attr.Key == semconv.MessagingClientIDKey {
			id = attr.Value.AsString()
		}
	}
	return id
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

// A Parent is the parent of the span of processing a record.
type Parent uint8

// In each case the span is also linked to the one that sent the record.
const (
	// ParentSender is the span that sent the record: one trace across the topic, from
	// which service maps are drawn. A span in the context is ignored, because that of
	// a poll loop would be the parent of every record.
	ParentSender Parent = iota
	// ParentAmbient is the span in the context that processing starts in, or the
	// sender if there is none. It is for programs that have a span of their own
	// around each record. A batch is a child of the span in the context, too.
	ParentAmbient
	// ParentNone starts a new trace for each record.
	ParentNone
)

// WithParent sets the parent of the span of processing. The default is [ParentSender].
func WithParent(p Parent) Option {
	return func(c *config) { c.parent = p }
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
