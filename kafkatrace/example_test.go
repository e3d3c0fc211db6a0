package kafkatrace_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/kafkatrace"
)

// For a client without an adapter, call the Tracer for each record.
func Example() {
	spans := tracetest.NewSpanRecorder()
	tracer := kafkatrace.NewTracer(
		kafkatrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
		kafkatrace.WithPropagator(propagation.TraceContext{}),
		kafkatrace.WithConsumerGroup("stats"),
	)

	type header struct { // the client's type for headers
		Key   string
		Value []byte
	}
	var headers []header
	m := &kafkatrace.Message{Topic: "quotes.created", Headers: kafkatrace.Headers(&headers)}
	_, end := tracer.StartSend(context.Background(), m)
	m.Acked, m.Partition, m.Offset = true, 2, 42 // the broker's answer
	end(nil)

	err := tracer.Process(context.Background(), m, func(context.Context) error { return nil })
	if err != nil {
		fmt.Println(err)
	}

	sent, processed := spans.Ended()[0], spans.Ended()[1]
	fmt.Println(sent.SpanKind(), sent.Name(), "with", headers[0].Key)
	fmt.Println(processed.SpanKind(), processed.Name())
	fmt.Println("one trace:", processed.Parent().SpanID() == sent.SpanContext().SpanID())
	// Output:
	// producer quotes.created publish with traceparent
	// consumer quotes.created process
	// one trace: true
}
