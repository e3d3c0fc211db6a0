package kafka_test

import (
	"context"
	"os"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/kafkaoptions"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
)

func TestMain(m *testing.M) {
	if probe.On() {
		opts := kafkaoptions.Options()
		kafka.SporWrapWriter = func(w *kafka.Writer) kafka.SporWriter { return kafkagotrace.NewWriter(w, opts...) }
		kafka.SporWrapReader = func(r *kafka.Reader) kafka.SporReader { return kafkagotrace.NewReader(r, opts...) }
		kafka.SporFetched = fetched
	}
	os.Exit(probe.Run(m))
}

// fetched makes the span of a message.
func fetched(r kafka.SporReader, msg kafka.Message) {
	reader := r.(*kafkagotrace.Reader)
	if probe.Has("batch") {
		_ = reader.ProcessBatch(context.Background(), []kafka.Message{msg}, handle)
	} else {
		_ = reader.Process(context.Background(), msg, handle)
	}
}

func handle(context.Context) error { return nil }
