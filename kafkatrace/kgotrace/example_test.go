package kgotrace_test

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// A record that another service sent is processed in the trace of that service.
func Example() {
	spans := tracetest.NewSpanRecorder()
	cl, err := kgotrace.NewClient(
		kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("quotes.created"),
		kgotrace.Opt(
			kafkatrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
			kafkatrace.WithPropagator(propagation.TraceContext{}),
		),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cl.Close()

	// A poll could return this record:
	r := &kgo.Record{Topic: "quotes.created", Partition: 2, Offset: 42, Value: []byte("{}"), Headers: []kgo.RecordHeader{
		{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
	}}
	err = cl.Process(context.Background(), r, func(ctx context.Context) error {
		return nil // update statistics
	})
	if err != nil {
		fmt.Println(err)
	}

	span := spans.Ended()[0]
	fmt.Println(span.SpanKind(), span.Name(), "in trace", span.SpanContext().TraceID())
	for _, attr := range span.Attributes() {
		fmt.Println(attr.Key, attr.Value.String())
	}
	// Output:
	// consumer quotes.created process in trace 0af7651916cd43dd8448eb211c80319c
	// messaging.system kafka
	// messaging.operation.name process
	// messaging.operation.type process
	// messaging.destination.name quotes.created
	// messaging.destination.partition.id 2
	// messaging.consumer.group.name stats
	// messaging.client.id kgo
	// messaging.kafka.offset 42
}
