package saramatrace_test

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/IBM/sarama/mocks"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// silent replaces a testing.T, and ignores errors.
type silent struct{}

func (silent) Errorf(string, ...any) {}

// A message is sent in the trace of a request.
func Example() {
	spans := tracetest.NewSpanRecorder()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	broker := mocks.NewSyncProducer(silent{}, nil) // in a service: sarama.NewSyncProducer(brokers, config)
	broker.ExpectSendMessageAndSucceed()
	producer := saramatrace.WrapSyncProducer(broker, nil,
		kafkatrace.WithTracerProvider(tp), kafkatrace.WithPropagator(propagation.TraceContext{}))
	defer producer.Close()

	ctx, request := tp.Tracer("quotes").Start(context.Background(), "POST /quotes")
	message := &sarama.ProducerMessage{Topic: "quotes.created", Value: sarama.StringEncoder("{}")}
	if _, _, err := producer.SendMessageContext(ctx, message); err != nil {
		fmt.Println(err)
	}
	request.End()

	for _, span := range spans.Ended() {
		fmt.Println(span.SpanKind(), span.Name(), span.Parent().SpanID() == request.SpanContext().SpanID())
	}
	// Output:
	// producer quotes.created publish true
	// internal POST /quotes false
}
