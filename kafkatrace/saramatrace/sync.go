package saramatrace

import (
	"context"
	"errors"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A SyncProducer is a sarama.SyncProducer that makes a span and a measurement for every
// message. Each commit or abort of a transaction also makes a span. Its methods may be called
// by several goroutines at the same time.
type SyncProducer struct {
	sarama.SyncProducer

	tracer      *adapter.Tracer
	withHeaders bool // the configured version of Kafka supports headers
}

// NewSyncProducer returns a traced producer. addrs and config are the arguments of
// [sarama.NewSyncProducer].
func NewSyncProducer(addrs []string, config *sarama.Config, opts ...kafkatrace.Option) (*SyncProducer, error) {
	p, err := sarama.NewSyncProducer(addrs, config)
	if err != nil {
		return nil, err
	}
	return WrapSyncProducer(p, config, opts...), nil
}

// WrapSyncProducer returns a traced producer that sends with p. config is the configuration
// of p. If config is nil, the default configuration of sarama is assumed. If p is already a
// *SyncProducer, WrapSyncProducer returns p itself.
func WrapSyncProducer(p sarama.SyncProducer, config *sarama.Config, opts ...kafkatrace.Option) *SyncProducer {
	if traced, ok := p.(*SyncProducer); ok {
		return traced
	}
	config = configOf(config)
	return &SyncProducer{SyncProducer: p, tracer: newTracer(config, opts), withHeaders: config.Version.IsAtLeast(sarama.V0_11_0_0)}
}

// SendMessage sends msg with sarama, in a span. The parent of the span is the span that
// [Inject] has added to msg, if any.
func (p *SyncProducer) SendMessage(msg *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	return p.SendMessageContext(parentOf(msg), msg)
}

// SendMessageContext sends msg with sarama, in a span. The parent of the span is the span in
// ctx. sarama itself does not use ctx.
func (p *SyncProducer) SendMessageContext(ctx context.Context, msg *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	if msg == nil {
		return p.SyncProducer.SendMessage(msg)
	}
	err = errNotSent
	s := begin(ctx, p.tracer, msg, p.withHeaders)
	defer func() { s.finish(err, true) }()
	partition, offset, err = p.SyncProducer.SendMessage(msg)
	if offset == unknownOffset {
		offset = s.offset
	}
	return partition, offset, err
}

// SendMessages sends msgs with sarama, with one span per message. The parent of each span is
// the span that [Inject] has added to the message, if any.
func (p *SyncProducer) SendMessages(msgs []*sarama.ProducerMessage) error {
	return p.sendAll(msgs, parentOf)
}

// SendMessagesContext sends msgs with sarama, with one span per message. The parent of each
// span is the span in ctx. sarama itself does not use ctx.
func (p *SyncProducer) SendMessagesContext(ctx context.Context, msgs []*sarama.ProducerMessage) error {
	return p.sendAll(msgs, func(*sarama.ProducerMessage) context.Context { return ctx })
}

func (p *SyncProducer) sendAll(msgs []*sarama.ProducerMessage, parentOf func(*sarama.ProducerMessage) context.Context) (err error) {
	all := make([]*sending, 0, len(msgs))
	for _, msg := range msgs {
		if msg != nil {
			all = append(all, begin(parentOf(msg), p.tracer, msg, p.withHeaders))
		}
	}
	err = errNotSent
	defer func() { finishAll(all, err) }()
	err = p.SyncProducer.SendMessages(msgs)
	return err
}

// finishAll finishes each sending. If err is a list of errors per message, a message that is
// not in the list was sent. If err is not a list, it is the error of each message.
func finishAll(all []*sending, err error) {
	var each sarama.ProducerErrors
	if !errors.As(err, &each) {
		for _, s := range all {
			s.finish(err, true)
		}
		return
	}
	failed := make(map[*sarama.ProducerMessage]error, len(each))
	for _, e := range each {
		failed[e.Msg] = e.Err
	}
	for _, s := range all {
		s.finish(failed[s.sent], true)
	}
}

var errNotSent = errors.New("the producer panicked")

// CommitTxn calls the method CommitTxn of sarama in a span.
func (p *SyncProducer) CommitTxn() error { return end(p.tracer, true, p.SyncProducer.CommitTxn) }

// AbortTxn calls the method AbortTxn of sarama in a span. The status of the span is Error.
func (p *SyncProducer) AbortTxn() error { return end(p.tracer, false, p.SyncProducer.AbortTxn) }

// Close closes the producer of sarama.
func (p *SyncProducer) Close() error {
	defer p.tracer.Close()
	return p.SyncProducer.Close()
}
