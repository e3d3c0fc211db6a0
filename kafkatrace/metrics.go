package kafkatrace

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"

	"github.com/nais/spor/internal/cache"
)

// seconds contains the bucket boundaries that the conventions recommend for durations, in
// seconds.
var seconds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

type instruments struct {
	operations metric.Float64Histogram
	processing metric.Float64Histogram
	sends      metric.Int64Counter
	deliveries metric.Int64Counter
	card       card
}

// card contains the counters for the Kafka card of Nais APM. The counters are nil if they
// are turned off.
type card struct {
	sent, send, consumed metric.Int64Counter
}

func newInstruments(m metric.Meter, withCard bool) *instruments {
	operations, err1 := messagingconv.NewClientOperationDuration(m, metric.WithExplicitBucketBoundaries(seconds...))
	processing, err2 := messagingconv.NewProcessDuration(m, metric.WithExplicitBucketBoundaries(seconds...))
	sends, err3 := messagingconv.NewClientSentMessages(m)
	deliveries, err4 := messagingconv.NewClientConsumedMessages(m)
	handle(err1, err2, err3, err4)
	i := &instruments{operations: operations.Inst(), processing: processing.Inst(), sends: sends.Inst(), deliveries: deliveries.Inst()}
	if withCard {
		i.card = newCard(m)
	}
	return i
}

// newCard makes the counters. Two counters count the records that were sent. The card reads
// the first counter. The second counter has the name that the OpenTelemetry agent for Java
// uses.
func newCard(m metric.Meter) card {
	sent, err1 := m.Int64Counter("kafka.producer.records_sent_total", metric.WithDescription("The records that were sent."))
	send, err2 := m.Int64Counter("kafka.producer.record_send_total", metric.WithDescription("The records that were sent."))
	consumed, err3 := m.Int64Counter("kafka.consumer.records_consumed_total", metric.WithDescription("The records that were processed."))
	handle(err1, err2, err3)
	return card{sent, send, consumed}
}

func handle(errs ...error) {
	for _, err := range errs {
		if err != nil {
			otel.Handle(err)
		}
	}
}

// now returns the current time. It returns the zero time if nothing is measured.
func (i *instruments) now() time.Time {
	if i == nil {
		return time.Time{}
	}
	return time.Now()
}

// sent measures one record that was sent, or that could not be sent.
func (i *instruments) sent(ctx context.Context, s *series, elapsed time.Duration) {
	i.operations.Record(ctx, elapsed.Seconds(), s.record...)
	i.sends.Add(ctx, 1, s.add...)
	if s.succeeded && i.card.sent != nil {
		i.card.sent.Add(ctx, 1, s.topic...)
		i.card.send.Add(ctx, 1, s.topic...)
	}
}

// processed measures the duration of the processing. It also adds the parameter count to the
// number of processed records.
func (i *instruments) processed(ctx context.Context, s *series, elapsed time.Duration, count int64) {
	i.processing.Record(ctx, elapsed.Seconds(), s.record...)
	i.deliveries.Add(ctx, count, s.add...)
	if i.card.consumed != nil {
		i.card.consumed.Add(ctx, count, s.topic...)
	}
}

// settled measures one commit.
func (i *instruments) settled(ctx context.Context, s *series, elapsed time.Duration) {
	i.operations.Record(ctx, elapsed.Seconds(), s.record...)
}

// series contains the attributes for the measurements of one subject with one outcome. The
// attributes are stored as options for the instruments.
type series struct {
	record    []metric.RecordOption
	add       []metric.AddOption
	topic     []metric.AddOption
	succeeded bool
}

type measured struct {
	subject
	outcome
}

// allSeries makes and caches the series.
type allSeries struct {
	*config

	known cache.Map[measured, *series]
	made  atomic.Int64
}

// mostSeries is the maximum number of series with a topic. Series that are made after the
// first 1,000 have neither topic nor partition.
const mostSeries = 1000

func (a *allSeries) of(s subject, o outcome) *series {
	if !a.partitions {
		s.partition = -1
	}
	return a.known.Get(measured{s, o}, a.make)
}

func (a *allSeries) make(m measured) *series {
	if a.made.Add(1) > mostSeries {
		m.topic, m.partition = "", -1
	}
	attrs := []attribute.KeyValue{
		semconv.MessagingSystemKafka, semconv.MessagingOperationName(m.name), m.is,
	}
	topic := slices.Clone(attrs[:0])
	if m.topic != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(m.topic))
		topic = append(topic, attribute.String("topic", m.topic))
	}
	if m.partition >= 0 {
		attrs = append(attrs, semconv.MessagingDestinationPartitionID(strconv.Itoa(int(m.partition))))
	}
	if m.consumes() && a.group != "" {
		attrs = append(attrs, semconv.MessagingConsumerGroupName(a.group))
	}
	if m.kind != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(m.kind))
	}
	for _, attr := range a.attributes {
		if attr.Key != semconv.MessagingClientIDKey {
			attrs = append(attrs, attr)
		}
	}
	set := metric.WithAttributeSet(attribute.NewSet(attrs...))
	return &series{
		record:    []metric.RecordOption{set},
		add:       []metric.AddOption{set},
		topic:     []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(topic...))},
		succeeded: m.outcome == outcome{},
	}
}
