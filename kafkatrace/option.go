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
	lag            *report.Lag // nil without an adapter; NewTracer sets the fields of the Lag
}

// ReportLag is called by the option that package report makes.
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

// clientID returns the value of messaging.client.id in the attributes. It returns "" if the
// attribute is not set.
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

// WithPropagator sets the propagator. The propagator writes the trace context to the headers
// of records that are sent, and reads the trace context from the headers of received
// records. The default is the global propagator.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithAttributes adds attributes to every span and to the metrics messaging.*, but not to
// the metrics kafka.*. The exception is messaging.client.id. It is added to spans, and to
// kafka.consumer.records_lag_max under the name client-id. The attributes must be the same
// for all records. To add an attribute to the span for one record, use the span that
// trace.SpanFromContext returns. If an adapter can read the client ID from the client, the
// adapter adds this attribute by default.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithConsumerGroup sets the name of the consumer group. The spans of consumers, and their
// metrics messaging.*, contain this name as messaging.consumer.group.name. If an adapter
// can read the name from the client, the adapter sets the name by default.
func WithConsumerGroup(name string) Option {
	return func(c *config) { c.group = name }
}

// A Parent selects the parent of the CONSUMER span for a record.
type Parent uint8

// With each of these values, the CONSUMER span also has a link to the span that sent the
// record.
const (
	// ParentSender selects the span that sent the record. The sender and the consumer are
	// then in one trace, and service maps show their connection. A span in the context is
	// ignored. The reason is that a span around a poll loop would otherwise be the parent of
	// the CONSUMER spans for all records.
	ParentSender Parent = iota
	// ParentAmbient selects the span in the context that is passed to [Tracer.Process]. If
	// this context has no span, the parent is the span that sent the record. Use
	// ParentAmbient if the program has its own span around each record. The span for a batch
	// is then also a child of the span in the context.
	ParentAmbient
	// ParentNone selects no parent, so each CONSUMER span starts a new trace.
	ParentNone
)

// WithParent sets the parent of the CONSUMER spans. The default is [ParentSender].
func WithParent(p Parent) Option {
	return func(c *config) { c.parent = p }
}

// WithKey records the key of each record as messaging.kafka.message.key, in the form that
// format returns. If format is nil, the key is recorded unchanged. If format returns "" or
// text that is not valid UTF-8, no key is recorded. A text of more than 256 bytes is cut. By
// default, keys are not recorded, because they are often personal data. To protect such
// keys, let format return a hash.
func WithKey(format func(key []byte) string) Option {
	if format == nil {
		format = func(key []byte) string { return string(key) }
	}
	return func(c *config) { c.key = format }
}

// WithBaggage allows baggage with these keys. The allowed members are sent in the headers of
// records. If a received record has allowed members, the handler gets a context with these
// members instead of the previous baggage. The members are added in the order of keys. A
// member is skipped if the baggage would become longer than maxBytes bytes. By default, no
// baggage is sent or received. The reason is that headers are stored as long as the records,
// and every reader of the topic can read them.
func WithBaggage(maxBytes int, keys ...string) Option {
	return func(c *config) { c.baggage = baggageRule{maxBytes, slices.Clone(keys)} }
}

// WithCommitSpans makes a CLIENT span for each commit. The span has links to the CONSUMER
// spans of the records that were processed since the last commit. By default, commits are
// measured but have no span.
func WithCommitSpans() Option {
	return func(c *config) { c.commits = true }
}

// WithPartitionMetrics adds messaging.destination.partition.id to the metrics messaging.*
// of records. This makes one series per partition. By default, these metrics have no
// partition.
func WithPartitionMetrics() Option {
	return func(c *config) { c.partitions = true }
}
