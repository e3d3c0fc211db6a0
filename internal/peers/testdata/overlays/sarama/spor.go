package sarama

import (
	"context"
	"sync"
)

// SporAsync wraps every AsyncProducer, SporSync every SyncProducer, and SporGroup every consumer
// group. SporConsumed gets every message that was received. All may be nil.
var (
	SporAsync    func(AsyncProducer, *Config) AsyncProducer
	SporSync     func(SyncProducer, *Config) SyncProducer
	SporGroup    func(ConsumerGroup, string, *Config) ConsumerGroup
	SporConsumed func(*ConsumerMessage)
)

// sporAsync contains the wrapper of each AsyncProducer. The methods of the producer call the
// wrapper, so that a test can still read the private fields of the producer.
var sporAsync sync.Map // *asyncProducer → AsyncProducer

func sporWrapAsync(p AsyncProducer, err error) (AsyncProducer, error) {
	if inner, ok := p.(*asyncProducer); ok && err == nil && SporAsync != nil {
		sporAsync.Store(inner, SporAsync(bareAsync{inner}, inner.conf))
	}
	return p, err
}

// NewAsyncProducer takes the place of the package's own function.
func NewAsyncProducer(addrs []string, conf *Config) (AsyncProducer, error) {
	return sporWrapAsync(sporNewAsyncProducer(addrs, conf))
}

// NewAsyncProducerFromClient takes the place of the package's own function.
func NewAsyncProducerFromClient(client Client) (AsyncProducer, error) {
	return sporWrapAsync(sporNewAsyncProducerFromClient(client))
}

// bareAsync is the producer that the wrapper calls.
type bareAsync struct{ *asyncProducer }

func (b bareAsync) Input() chan<- *ProducerMessage     { return b.sporInput() }
func (b bareAsync) Successes() <-chan *ProducerMessage { return b.sporSuccesses() }
func (b bareAsync) Errors() <-chan *ProducerError      { return b.sporErrors() }
func (b bareAsync) AsyncClose()                        { b.sporAsyncClose() }
func (b bareAsync) Close() error                       { return b.sporClose() }
func (b bareAsync) CommitTxn() error                   { return b.sporCommitTxn() }
func (b bareAsync) AbortTxn() error                    { return b.sporAbortTxn() }

func (p *asyncProducer) spor() AsyncProducer {
	if wrapper, ok := sporAsync.Load(p); ok {
		return wrapper.(AsyncProducer)
	}
	return bareAsync{p}
}

// These methods take the place of the producer's own methods.
func (p *asyncProducer) Input() chan<- *ProducerMessage     { return p.spor().Input() }
func (p *asyncProducer) Successes() <-chan *ProducerMessage { return p.spor().Successes() }
func (p *asyncProducer) Errors() <-chan *ProducerError      { return p.spor().Errors() }
func (p *asyncProducer) AsyncClose()                        { p.spor().AsyncClose() }
func (p *asyncProducer) Close() error                       { return p.spor().Close() }
func (p *asyncProducer) CommitTxn() error                   { return p.spor().CommitTxn() }
func (p *asyncProducer) AbortTxn() error                    { return p.spor().AbortTxn() }

func sporWrapSync(p SyncProducer, err error) (SyncProducer, error) {
	if err != nil || SporSync == nil {
		return p, err
	}
	return SporSync(p, p.(*syncProducer).producer.conf), nil
}

// NewSyncProducer takes the place of the package's own function.
func NewSyncProducer(addrs []string, config *Config) (SyncProducer, error) {
	return sporWrapSync(sporNewSyncProducer(addrs, config))
}

// NewSyncProducerFromClient takes the place of the package's own function.
func NewSyncProducerFromClient(client Client) (SyncProducer, error) {
	return sporWrapSync(sporNewSyncProducerFromClient(client))
}

// bareGroup is the consumer group that the wrapper calls.
type bareGroup struct{ *consumerGroup }

func (b bareGroup) Consume(ctx context.Context, topics []string, handler ConsumerGroupHandler) error {
	return b.sporConsume(ctx, topics, handler)
}

// sporGroups contains the wrapper of each consumer group.
var sporGroups sync.Map // *consumerGroup → ConsumerGroup

// Consume takes the place of the group's own method.
func (c *consumerGroup) Consume(ctx context.Context, topics []string, handler ConsumerGroupHandler) error {
	if SporGroup == nil {
		return c.sporConsume(ctx, topics, handler)
	}
	wrapper, found := sporGroups.Load(c)
	if !found {
		wrapper, _ = sporGroups.LoadOrStore(c, SporGroup(bareGroup{c}, c.groupID, c.config))
	}
	return wrapper.(ConsumerGroup).Consume(ctx, topics, handler)
}

// sporConsumed is called for every message, before the program gets the message.
func sporConsumed(msg *ConsumerMessage) {
	if SporConsumed != nil {
		SporConsumed(msg)
	}
}
