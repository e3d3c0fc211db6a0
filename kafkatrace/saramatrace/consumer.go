package saramatrace

import (
	"context"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A Consumer is a sarama.Consumer, which reads partitions without a consumer group. It
// measures the lag of these partitions. Its methods may be called by several goroutines at
// the same time.
type Consumer struct {
	sarama.Consumer

	processor processor
}

// NewConsumer returns a traced consumer. addrs and config are the arguments of
// [sarama.NewConsumer].
func NewConsumer(addrs []string, config *sarama.Config, opts ...kafkatrace.Option) (*Consumer, error) {
	c, err := sarama.NewConsumer(addrs, config)
	if err != nil {
		return nil, err
	}
	return WrapConsumer(c, config, opts...), nil
}

// WrapConsumer returns a traced consumer that reads with c. config is the configuration of c.
// If config is nil, the default configuration of sarama is assumed. If c is already a
// *Consumer, WrapConsumer returns c itself.
func WrapConsumer(c sarama.Consumer, config *sarama.Config, opts ...kafkatrace.Option) *Consumer {
	if traced, ok := c.(*Consumer); ok {
		return traced
	}
	return &Consumer{Consumer: c, processor: newProcessor("", config, opts)}
}

// ConsumePartition reads a partition with sarama, and measures its lag.
func (c *Consumer) ConsumePartition(topic string, partition int32, offset int64) (sarama.PartitionConsumer, error) {
	p, err := c.Consumer.ConsumePartition(topic, partition, offset)
	if err != nil {
		return nil, err
	}
	at := place{topic, partition}
	return &partitionConsumer{PartitionConsumer: p, from: c.processor.claims, at: at, claim: c.processor.claims.add(at, p, offset, nil)}, nil
}

// Process calls fn in a CONSUMER span for msg, and returns the error of fn. If fn panics,
// Process records the panic and panics with the same value. If msg is nil, Process calls fn
// without a span.
func (c *Consumer) Process(ctx context.Context, msg *sarama.ConsumerMessage, fn func(context.Context) error) error {
	return c.processor.process(ctx, msg, fn)
}

// ProcessBatch calls fn in one CONSUMER span for all msgs, and returns the error of fn.
// [kafkatrace.Tracer.ProcessBatch] documents the disadvantages of such a span.
func (c *Consumer) ProcessBatch(ctx context.Context, msgs []*sarama.ConsumerMessage, fn func(context.Context) error) error {
	return c.processor.processBatch(ctx, msgs, fn)
}

// Close closes the consumer of sarama.
func (c *Consumer) Close() error {
	defer c.processor.tracer.Close()
	return c.Consumer.Close()
}

// partitionConsumer stops the measurement of the lag when it is closed.
type partitionConsumer struct {
	sarama.PartitionConsumer

	from  *claims
	at    place
	claim *claim
}

func (p *partitionConsumer) AsyncClose() {
	p.from.remove(p.at, p.claim, true)
	p.PartitionConsumer.AsyncClose()
}

func (p *partitionConsumer) Close() error {
	p.from.remove(p.at, p.claim, true)
	return p.PartitionConsumer.Close()
}

// processor makes the CONSUMER spans of a consumer.
type processor struct {
	tracer *adapter.Tracer
	claims *claims
}

func newProcessor(group string, config *sarama.Config, opts []kafkatrace.Option) processor {
	config = configOf(config)
	t := newTracer(config, append([]kafkatrace.Option{kafkatrace.WithConsumerGroup(group)}, opts...))
	return processor{tracer: t, claims: newClaims(t, config)}
}

func (p processor) process(ctx context.Context, msg *sarama.ConsumerMessage, fn func(context.Context) error) error {
	if msg == nil {
		return fn(ctx)
	}
	c := p.claims.at(msg.Topic, msg.Partition)
	c.pass(msg.Offset)
	return p.tracer.Process(ctx, describe(new(kafkatrace.Message), msg), func(ctx context.Context) error {
		err := fn(ctx)
		c.noteRevocation(ctx)
		return err
	})
}

func (p processor) processBatch(ctx context.Context, msgs []*sarama.ConsumerMessage, fn func(context.Context) error) error {
	for _, msg := range msgs {
		if msg != nil {
			p.claims.at(msg.Topic, msg.Partition).pass(msg.Offset)
		}
	}
	return p.tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for _, msg := range msgs {
			if msg != nil && !yield(describe(m, msg)) {
				return
			}
		}
	}, fn)
}

// noteRevocation adds an event to the CONSUMER span if the group ended the session during the
// processing. If the message is not committed, it is processed again.
func (c *claim) noteRevocation(ctx context.Context) {
	if c == nil || c.ended == nil {
		return
	}
	if generation, ended := c.ended(); ended {
		adapter.Revoked(ctx, generation)
	}
}

func describe(m *kafkatrace.Message, msg *sarama.ConsumerMessage) *kafkatrace.Message {
	*m = kafkatrace.Message{
		Topic: msg.Topic, Partition: msg.Partition, Offset: msg.Offset,
		Key: msg.Key, Tombstone: msg.Value == nil, Headers: (*consumed)(&msg.Headers),
	}
	return m
}
