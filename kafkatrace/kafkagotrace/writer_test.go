package kafkagotrace_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
)

// slowBroker is a broker without a network. It stores messages when release is closed.
type slowBroker struct{ asked, release chan struct{} }

func (b slowBroker) RoundTrip(_ context.Context, _ net.Addr, r kafka.Request) (kafka.Response, error) {
	if _, is := r.(*produce.Request); !is {
		return &metadata.Response{Topics: []metadata.ResponseTopic{{Name: "quotes", Partitions: make([]metadata.ResponsePartition, 1)}}}, nil
	}
	close(b.asked)
	<-b.release
	return &produce.Response{Topics: []produce.ResponseTopic{{Topic: "quotes", Partitions: []produce.ResponsePartition{{BaseOffset: 42}}}}}, nil
}

// If the context of WriteMessages ends while the broker stores the messages, the spans contain
// the answer of the broker.
func TestWriterRecordsTheResultAfterTheContextHasEnded(t *testing.T) {
	sdk := oteltest.New(t)
	broker := slowBroker{make(chan struct{}), make(chan struct{})}
	w := kafkagotrace.NewWriter(&kafka.Writer{
		Addr: kafka.TCP("localhost:1"), Topic: "quotes", BatchSize: 2, RequiredAcks: kafka.RequireAll, Transport: broker,
	}, kafkatrace.WithTracerProvider(sdk.TracerProvider))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-broker.asked
		cancel()
	}()
	if err := w.WriteMessages(ctx, kafka.Message{Value: []byte("a")}, kafka.Message{Value: []byte("b")}); !errors.Is(err, context.Canceled) {
		t.Errorf("WriteMessages returned %v", err)
	}
	if n := len(sdk.Ended()); n != 0 {
		t.Errorf("%d spans ended before the broker answered", n)
	}
	close(broker.release)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	spans := sdk.Wait(t, 2)
	for i, offset := range []string{"42", "43"} {
		got := oteltest.Map(spans[i].Attributes())
		if spans[i].Status().Code != codes.Unset || got["messaging.kafka.offset"] != offset {
			t.Errorf("span %d has the status %v and the attributes %v, want the offset %s", i, spans[i].Status(), got, offset)
		}
	}
}
