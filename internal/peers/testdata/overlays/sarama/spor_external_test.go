package sarama_test

import (
	"context"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/kafkaoptions"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

func init() {
	if !probe.On() {
		return
	}
	opts := kafkaoptions.Options()
	sarama.SporAsync = func(p sarama.AsyncProducer, config *sarama.Config) sarama.AsyncProducer {
		return saramatrace.AsyncProducer(p, config, opts...)
	}
	sarama.SporSync = func(p sarama.SyncProducer) sarama.SyncProducer { return saramatrace.SyncProducer(p, opts...) }
	sarama.SporHandler = func(h sarama.ConsumerGroupHandler) sarama.ConsumerGroupHandler {
		return saramatrace.ConsumerGroupHandler(h, opts...)
	}
	sarama.SporConsumed = func(msg *sarama.ConsumerMessage) { process(msg) }
}

// process makes the span of a message.
func process(msg *sarama.ConsumerMessage) {
	if probe.Has("batch") {
		_ = saramatrace.ProcessBatch(context.Background(), []*sarama.ConsumerMessage{msg}, handle)
	} else {
		_ = saramatrace.Process(context.Background(), msg, handle)
	}
}

func handle(context.Context) error { return nil }
