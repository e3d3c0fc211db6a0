package kafkagotrace_test

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
)

// A message from another service is processed in the trace of that service.
func Example() {
	spans := tracetest.NewSpanRecorder()
	reader := kafkagotrace.NewReader(
		kafka.NewReader(kafka.ReaderConfig{Brokers: []string{"localhost:9092"}, Topic: "quotes.created"}),
		kafkatrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
		kafkatrace.WithPropagator(propagation.TraceContext{}),
	)
	defer reader.Close()

	// reader.FetchMessage could return this message.
	message := kafka.Message{Topic: "quotes.created", Partition: 2, Offset: 42, Value: []byte("{}"), Headers: []kafka.Header{
		{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
	}}
	err := reader.Process(context.Background(), message, func(ctx context.Context) error {
		return nil // handle the message
	})
	if err != nil {
		fmt.Println(err)
	}

	span := spans.Ended()[0]
	fmt.Println(span.SpanKind(), span.Name(), "in trace", span.SpanContext().TraceID())
	// Output:
	// consumer quotes.created process in trace 0af7651916cd43dd8448eb211c80319c
}
