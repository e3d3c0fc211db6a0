package sarama_test

import (
	"context"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

func init() {
	if !probe.On() {
		return
	}
	var opts []kafkatrace.Option
	if probe.Has("options") {
		opts = append(opts, kafkatrace.WithPartitionMetrics(), kafkatrace.WithKey(nil),
			kafkatrace.WithBaggage(1000, "tenant"), kafkatrace.WithCommitSpans(), kafkatrace.WithParent(kafkatrace.ParentAmbient))
	}
	sarama.SporAsync = func(p sarama.AsyncProducer, config *sarama.Config) sarama.AsyncProducer {
		return saramatrace.AsyncProducer(p, config, opts...)
	}
	sarama.SporSync = func(p sarama.SyncProducer) sarama.SyncProducer { return saramatrace.SyncProducer(p, opts...) }
	sarama.SporHandler = func(h sarama.ConsumerGroupHandler) sarama.ConsumerGroupHandler {
		return saramatrace.ConsumerGroupHandler(processing{h}, opts...)
	}
	sarama.SporConsumed = func(msg *sarama.ConsumerMessage) { process(context.Background(), msg) }
}

// process makes the span of a message.
func process(ctx context.Context, msg *sarama.ConsumerMessage) {
	if probe.Has("batch") {
		_ = saramatrace.ProcessBatch(ctx, []*sarama.ConsumerMessage{msg}, handle)
	} else {
		_ = saramatrace.Process(ctx, msg, handle)
	}
}

func handle(context.Context) error { return nil }

// processing is a handler that makes the span of each message before the tests' own handler
// gets the message.
type processing struct{ sarama.ConsumerGroupHandler }

// ConsumeClaim passes the messages of the claim on. When the tests' handler returns, it drops
// the other messages, as sarama does.
func (p processing) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	processed := make(chan *sarama.ConsumerMessage)
	go func() {
		defer close(processed)
		for msg := range c.Messages() {
			process(s.Context(), msg)
			processed <- msg
		}
	}()
	defer func() {
		go func() {
			for range processed { //nolint:revive // drop
			}
		}()
	}()
	return p.ConsumerGroupHandler.ConsumeClaim(s, claim{c, processed})
}

// claim is a claim with the messages of another channel.
type claim struct {
	sarama.ConsumerGroupClaim

	processed <-chan *sarama.ConsumerMessage
}

func (c claim) Messages() <-chan *sarama.ConsumerMessage { return c.processed }
