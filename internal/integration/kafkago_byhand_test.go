package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

// This file contains the code that a team writes around kafka-go if it uses the API of
// OpenTelemetry without spor. The attributes that are always the same are made only once.

// handHeaders lets a propagator read and write the headers of a message.
type handHeaders []kafka.Header

func (h *handHeaders) Get(key string) string {
	for _, header := range *h {
		if header.Key == key {
			return string(header.Value)
		}
	}
	return ""
}

// Set makes a new list, because other messages may share the old one.
func (h *handHeaders) Set(key, value string) {
	next := make([]kafka.Header, 0, len(*h)+1)
	for _, header := range *h {
		if header.Key != key {
			next = append(next, header)
		}
	}
	*h = append(next, kafka.Header{Key: key, Value: []byte(value)})
}

func (h *handHeaders) Keys() []string {
	keys := make([]string, len(*h))
	for i, header := range *h {
		keys[i] = header.Key
	}
	return keys
}

// handWriter makes a PRODUCER span for each message. The caller's messages stay unchanged.
type handWriter struct {
	*kafka.Writer

	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	name       string
	start      []trace.SpanStartOption
}

func newHandWriter(w *kafka.Writer, s sdk) *handWriter {
	w.Completion = recordPlaces
	return &handWriter{Writer: w, tracer: s.tp.Tracer("byhand"), propagator: s.p, name: w.Topic + " publish", start: []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
			semconv.MessagingSystemKafka, semconv.MessagingOperationName("send"), semconv.MessagingOperationTypeSend,
			semconv.MessagingDestinationName(w.Topic)),
	}}
}

func (w *handWriter) WriteMessages(ctx context.Context, msgs ...kafka.Message) error {
	msgs = slices.Clone(msgs)
	for i := range msgs {
		spanCtx, span := w.tracer.Start(ctx, w.name, w.start...)
		w.propagator.Inject(spanCtx, (*handHeaders)(&msgs[i].Headers))
		msgs[i].WriterData = span
	}
	err := w.Writer.WriteMessages(ctx, msgs...)
	perMessage, _ := errors.AsType[kafka.WriteErrors](err)
	for i := range msgs {
		failed := err
		if perMessage != nil {
			failed = perMessage[i]
		}
		span := msgs[i].WriterData.(trace.Span)
		failByHand(span, failed)
		span.End()
	}
	return err
}

// recordPlaces is a Completion. It records where the broker has stored the messages.
func recordPlaces(msgs []kafka.Message, err error) {
	for i := range msgs {
		if span, ok := msgs[i].WriterData.(trace.Span); ok && err == nil && span.IsRecording() {
			span.SetAttributes(handPartition(&msgs[i]), semconv.MessagingKafkaOffsetKey.Int64(msgs[i].Offset))
		}
	}
}

// handReader makes a CONSUMER span for each message, or for each batch.
type handReader struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	name       string
	start      []trace.SpanStartOption
	topic      attribute.KeyValue
}

func newHandReader(topic, group string, s sdk) *handReader {
	name := semconv.MessagingDestinationName(topic)
	return &handReader{tracer: s.tp.Tracer("byhand"), propagator: s.p, name: topic + " process", topic: name, start: []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			semconv.MessagingSystemKafka, semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess,
			name, semconv.MessagingConsumerGroupName(group)),
	}}
}

func (r *handReader) Process(ctx context.Context, m kafka.Message, fn func(context.Context) error) error {
	ctx = r.propagator.Extract(ctx, (*handHeaders)(&m.Headers))
	sender := trace.SpanContextFromContext(ctx)
	ctx, span := r.tracer.Start(ctx, r.name, r.start...)
	defer span.End()
	if span.IsRecording() {
		span.SetAttributes(handPartition(&m), semconv.MessagingKafkaOffsetKey.Int64(m.Offset))
		if sender.IsValid() {
			span.AddLink(trace.Link{SpanContext: sender})
		}
	}
	err := fn(ctx)
	failByHand(span, err)
	return err
}

// ProcessBatch is for messages of one partition.
func (r *handReader) ProcessBatch(ctx context.Context, msgs []kafka.Message, fn func(context.Context) error) error {
	links := make([]trace.Link, 0, len(msgs))
	for i := range msgs {
		m := &msgs[i]
		sender := trace.SpanContextFromContext(r.propagator.Extract(context.Background(), (*handHeaders)(&m.Headers)))
		if sender.IsValid() {
			links = append(links, trace.Link{SpanContext: sender, Attributes: []attribute.KeyValue{
				r.topic, handPartition(m), semconv.MessagingKafkaOffsetKey.Int64(m.Offset),
			}})
		}
	}
	ctx, span := r.tracer.Start(ctx, r.name, append(slices.Clip(r.start), trace.WithNewRoot(), trace.WithLinks(links...),
		trace.WithAttributes(handPartition(&msgs[0]), semconv.MessagingBatchMessageCount(len(msgs))))...)
	defer span.End()
	err := fn(ctx)
	failByHand(span, err)
	return err
}

func handPartition(m *kafka.Message) attribute.KeyValue {
	return semconv.MessagingDestinationPartitionID(strconv.Itoa(m.Partition))
}

func failByHand(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		span.SetAttributes(semconv.ErrorTypeKey.String(fmt.Sprintf("%T", err)))
	}
}

// TestKafkaGoByHandRecordsTheSame tests that spor and the code by hand record the same spans.
// Otherwise, the benchmarks and the limits of allocations would not compare the same work.
func TestKafkaGoByHandRecordsTheSame(t *testing.T) {
	ours, rival := oteltest.New(t), oteltest.New(t)
	spor := newSporKafkaGo(t, sdk{tp: ours.TracerProvider, p: oteltest.W3C}, false)
	hand := newHandKafkaGo(t, sdk{tp: rival.TracerProvider, p: oteltest.W3C})
	for name, run := range kafkaGoOperations() {
		t.Run(name, func(t *testing.T) {
			ours.Forget()
			rival.Forget()
			if err := errors.Join(run(spor), run(hand)); err != nil {
				t.Fatal(err)
			}
			got, want := spanTexts(ours), spanTexts(rival)
			if len(got) == 0 || !slices.Equal(got, want) {
				t.Errorf("spor recorded\n%q\nby hand\n%q", got, want)
			}
		})
	}
}

// spanTexts describes the spans that have ended, without the IDs of their own.
func spanTexts(sdk *oteltest.SDK) (texts []string) {
	for _, span := range sdk.Ended() {
		text := fmt.Sprintln(span.SpanKind(), span.Name(), span.Parent().TraceID(), span.Parent().SpanID(), span.Status(), oteltest.Map(span.Attributes()))
		for _, link := range span.Links() {
			text += fmt.Sprintln(link.SpanContext.TraceID(), link.SpanContext.SpanID(), oteltest.Map(link.Attributes))
		}
		texts = append(texts, text)
	}
	return texts
}
