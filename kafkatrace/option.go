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
	lag            *report.Lag // nil without an adapter; NewTracer sets its fields
}

// ReportLag implements the option that package report makes.
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

// clientID returns the value of messaging.client.id in the attributes, "" if it is not set.
func (c *config) clientID() string {
	id := ""
	for _, attr := range c.attributes {
		if attr.Key == semconv.MessagingClientIDKey {
			id = attr.Value.AsString()
		}
	}
	return id
}

// WithTracerProvider sets the provider of the tracer. The default is the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) { c.tracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default is the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) { c.meterProvider = p }
}

// WithPropagator sets the propagator that writes trace context to the headers of records and
// reads it from them. The default is the global propagator.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and every measurement. Measurements do not
// get messaging.client.id. The attributes must be the same for all records. To add an
// attribute to the span of one record, use the span that trace.SpanFromContext returns.
// Adapters add the client ID by default if the client has one.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithConsumerGroup sets the name of the consumer group, which consumers record as
// messaging.consumer.group.name. Adapters set it by default if the client has one.
func WithConsumerGroup(name string) Option {
	return func(c *config) { c.group = name }
}

// A Parent selects the parent of the span of processing a record.
type Parent uint8

// In all three cases, the span also has a link to the span that sent the record.
const (
	// ParentSender is the span that sent the record. The record is then in one trace from
	// the sender to the consumer, and service maps show the connection. A span in the
	// context is ignored, because a span around a poll loop would be the parent of every
	// record.
	ParentSender Parent = iota
	// ParentAmbient is the span in the context that is passed to the processing function. If
	// the context has no span, the parent is the span that sent the record. Use
	// ParentAmbient if the program has its own span around each record. The span of a batch
	// is then also a child of the span in the context.
	ParentAmbient
	// ParentNone starts a new trace for each record.
	ParentNone
)

// WithParent sets the parent of the span of processing. The default is [ParentSender].
func WithParent(p Parent) Option {
	return func(c *config) { c.parent = p }
}

// WithKey records the key of each record as messaging.kafka.message.key, in the form that
// format returns. If format is nil, the key is recorded unchanged. The key is left out if
// format returns "" or text that is not valid UTF-8. Longer text is cut to 256 bytes. By
// default, keys are not recorded, because they often are personal data. To protect such
// keys, let format return a hash.
func WithKey(format func(key []byte) string) Option {
	if format == nil {
		format = func(key []byte) string { return string(key) }
	}
	return func(c *config) { c.key = format }
}

// WithBaggage sends baggage in the headers of records, and adds the baggage of received
// records to the context of processing. Only members with these keys are sent and added.
// They are tried in the order of keys, and a member that would exceed maxBytes bytes in
// total is skipped. By default, no baggage is sent or received, because headers are stored
// as long as the records, and every reader of the topic can read them.
func WithBaggage(maxBytes int, keys ...string) Option {
	return func(c *config) { c.baggage = baggageRule{maxBytes, slices.Clone(keys)} }
}

// WithCommitSpans makes a CLIENT span for each commit, with links to the spans of the
// records that were processed since the last commit. By default, commits are measured but
// have no span.
func WithCommitSpans() Option {
	return func(c *config) { c.commits = true }
}

// WithPartitionMetrics adds messaging.destination.partition.id to the measurements of
// records. This makes one series per partition. By default, the partition is left out.
func WithPartitionMetrics() Option {
	return func(c *config) { c.partitions = true }
}
