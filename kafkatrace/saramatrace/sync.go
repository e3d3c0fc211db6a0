package saramatrace

import (
	"errors"
	"sync/atomic"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// SyncProducer returns p with a span and a measurement for every message. Whose
// span it is part of says [Inject]. Commits and aborts of transactions are spans,
// too.
func SyncProducer(p sarama.SyncProducer, opts ...kafkatrace.Option) sarama.SyncProducer {
	if _, twice := p.(*syncProducer); twice || p == nil {
		return p
	}
	return &syncProducer{SyncProducer: p, tracer: newTracer(p, "", opts)}
}

type syncProducer struct {
	sarama.SyncProducer

	tracer *adapter.Tracer
	bare   atomic.Bool // the version that was configured has no headers
}

// SendMessage is that of sarama, in a span.
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

// SendMessages is that of sarama, with a span for each message.
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

// errorOf returns what became of msg.
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

// lackHeaders reports whether err is about the headers that s alone has put there:
// sarama refuses them where the version of Kafka is configured to be older than
// they are.
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

// errNotSent is what became of a message when the producer panicked.
var errNotSent = errors.New("the producer panicked")

// CommitTxn is that of sarama, in a span.
func (p *syncProducer) CommitTxn() error { return end(p.tracer, true, p.SyncProducer.CommitTxn) }

// AbortTxn is that of sarama, in a span that is an Error.
func (p *syncProducer) AbortTxn() error { return end(p.tracer, false, p.SyncProducer.AbortTxn) }

// Close is that of sarama.
func (p *syncProducer) Close() error {
	defer p.tracer.Close()
	return p.SyncProducer.Close()
}
