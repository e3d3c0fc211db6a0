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
		return saramatrace.WrapAsyncProducer(p, config, opts...)
	}
	sarama.SporSync = func(p sarama.SyncProducer, config *sarama.Config) sarama.SyncProducer {
		return saramatrace.WrapSyncProducer(p, config, opts...)
	}
	sarama.SporGroup = func(g sarama.ConsumerGroup, groupID string, config *sarama.Config) sarama.ConsumerGroup {
		return saramatrace.WrapConsumerGroup(g, groupID, config, opts...)
	}
	consumer := saramatrace.WrapConsumer(nil, nil, opts...)
	sarama.SporConsumed = func(msg *sarama.ConsumerMessage) { process(consumer, msg) }
}

// process makes the span of a message.
func process(c *saramatrace.Consumer, msg *sarama.ConsumerMessage) {
	if probe.Has("batch") {
		_ = c.ProcessBatch(context.Background(), []*sarama.ConsumerMessage{msg}, handle)
	} else {
		_ = c.Process(context.Background(), msg, handle)
	}
}

func handle(context.Context) error { return nil }
