package saramatrace

import (
	"errors"
	"sync/atomic"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// SyncProducer returns a producer that sends messages with p. It makes a span and a
// measurement for every message. [Inject] sets the parent of the span. Each commit or abort
// of a transaction also makes a span. If p is nil or already wrapped, SyncProducer returns p
// itself.
func SyncProducer(p sarama.SyncProducer, opts ...kafkatrace.Option) sarama.SyncProducer {
	if _, twice := p.(*syncProducer); twice || p == nil {
		return p
	}
	return &syncProducer{SyncProducer: p, tracer: newTracer(p, "", opts)}
}

type syncProducer struct {
	sarama.SyncProducer

	tracer *adapter.Tracer
	bare   atomic.Bool // true if the configured version of Kafka does not support headers
}

// SendMessage sends msg with sarama, in a span.
func (p *syncProducer) SendMessage(msg *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	if msg == nil {
		return p.SyncProducer.SendMessage(msg)
	}
	err = errNotSent
	s := begin(p.tracer, msg, !p.bare.Load())
	defer func() { s.finish(err) }()
	partition, offset, err = p.SyncProducer.SendMessage(msg)
	if p.lackHeaders(s, err) {
		s.giveBack()
		partition, offset, err = p.SyncProducer.SendMessage(msg)
		return partition, offset, err
	}
	if offset == unknownOffset {
		offset = s.offset
	}
	return partition, offset, err
}

// SendMessages sends msgs with sarama, with one span per message.
func (p *syncProducer) SendMessages(msgs []*sarama.ProducerMessage) (err error) {
	all := make([]*sending, 0, len(msgs))
	for _, msg := range msgs {
		if msg != nil {
			all = append(all, begin(p.tracer, msg, !p.bare.Load()))
		}
	}
	err = errNotSent
	defer func() { finishAll(all, err) }()
	err = p.SyncProducer.SendMessages(msgs)
	if len(all) > 0 && p.lackHeaders(all[0], errorOf(err, all[0].sent)) {
		for _, s := range all {
			s.giveBack()
		}
		err = p.SyncProducer.SendMessages(msgs)
	}
	return err
}

func finishAll(all []*sending, err error) {
	for _, s := range all {
		s.finish(errorOf(err, s.sent))
	}
}

// errorOf returns the error of msg. If err is a list of errors per message, errorOf returns
// the error in the list. If the list does not contain msg, errorOf returns nil. If err is
// not a list, errorOf returns err.
func errorOf(err error, msg *sarama.ProducerMessage) error {
	var each sarama.ProducerErrors
	if !errors.As(err, &each) {
		return err
	}
	for _, e := range each {
		if e.Msg == msg {
			return e.Err
		}
	}
	return nil
}

// lackHeaders reports whether sarama refused s only because of the headers that this
// package added. sarama refuses headers if the configured version of Kafka is too old for
// them.
func (p *syncProducer) lackHeaders(s *sending, err error) bool {
	if err == nil || s.sent.Headers == nil || withoutInjected(s.headers) != nil {
		return false
	}
	refused, _ := errors.AsType[sarama.ConfigurationError](err)
	if refused != noHeaders {
		return false
	}
	p.bare.Store(true)
	return true
}

const noHeaders sarama.ConfigurationError = "Producing headers requires Kafka at least v0.11"

var errNotSent = errors.New("the producer panicked")

// CommitTxn calls the method CommitTxn of sarama in a span.
func (p *syncProducer) CommitTxn() error { return end(p.tracer, true, p.SyncProducer.CommitTxn) }

// AbortTxn calls the method AbortTxn of sarama in a span. The status of the span is Error.
func (p *syncProducer) AbortTxn() error { return end(p.tracer, false, p.SyncProducer.AbortTxn) }

// Close closes the producer of sarama.
func (p *syncProducer) Close() error {
	defer p.tracer.Close()
	return p.SyncProducer.Close()
}
