package kafkatrace

import (
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
)

// An operation is a kind of work with records, such as sending.
type operation struct {
	name string             // the value of messaging.operation.name
	is   attribute.KeyValue // the attribute messaging.operation.type
	// older is the last word of the default span name, which is <topic> <older>.
	older string
	span  trace.SpanKind
}

var (
	send    = &operation{"send", semconv.MessagingOperationTypeSend, "publish", trace.SpanKindProducer}
	forward = &operation{"send", semconv.MessagingOperationTypeSend, "publish", trace.SpanKindClient}
	process = &operation{"process", semconv.MessagingOperationTypeProcess, "process", trace.SpanKindConsumer}
	commit  = &operation{"commit", semconv.MessagingOperationTypeSettle, "commit", trace.SpanKindClient}
)

func (o *operation) consumes() bool { return o == process || o == commit }

// A subject is an operation together with its topic and partition. The topic is "" if there
// are several topics. The partition is -1 if it is not known or if there are several
// partitions.
type subject struct {
	*operation

	topic     string
	partition int32
}

// A description contains the name of the spans for a subject. It also contains the
// attributes that these spans have from the start.
type description struct {
	name  string
	attrs []attribute.KeyValue
	start []trace.SpanStartOption
}

// descriptions makes and caches the description of each subject.
type descriptions struct {
	*config

	stableOnly bool
	known      cache.Map[subject, *description]
}

func (d *descriptions) of(s subject) *description { return d.known.Get(s, d.describe) }

func (d *descriptions) describe(s subject) *description {
	attrs := []attribute.KeyValue{
		semconv.MessagingSystemKafka, semconv.MessagingOperationName(s.name), s.is,
	}
	if s.topic != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(s.topic))
	}
	if s.partition >= 0 {
		attrs = append(attrs, semconv.MessagingDestinationPartitionID(strconv.Itoa(int(s.partition))))
	}
	if s.consumes() && d.group != "" {
		attrs = append(attrs, semconv.MessagingConsumerGroupName(d.group))
	}
	attrs = slices.Clip(append(attrs, d.attributes...))
	return &description{
		name:  d.nameOf(s),
		attrs: attrs,
		start: []trace.SpanStartOption{trace.WithSpanKind(s.span), trace.WithAttributes(attrs...)},
	}
}

// nameOf returns the name of the span. The default is the name that Java services use. With
// OTEL_SEMCONV_STABILITY_OPT_IN=messaging, the name follows the semantic conventions.
func (d *descriptions) nameOf(s subject) string {
	switch {
	case s.topic == "" && d.stableOnly:
		return s.name
	case s.topic == "":
		return s.older
	case d.stableOnly:
		return s.name + " " + s.topic
	}
	return s.topic + " " + s.older
}

// description.with returns a new slice that contains d.start, followed by opts.
func (d *description) with(opts ...trace.SpanStartOption) []trace.SpanStartOption {
	return append(slices.Clip(d.start), opts...)
}
