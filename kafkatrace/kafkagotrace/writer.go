package kafkagotrace

import (
	"context"
	"errors"
	"io"

	"github.com/segmentio/kafka-go"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A Writer is a kafka.Writer that makes a span and a measurement for every message. Its
// methods are safe for concurrent use.
type Writer struct {
	*kafka.Writer

	tracer *adapter.Tracer
}

// NewWriter returns a Writer that wraps w. Do not use w directly afterwards, and do not
// wrap it again. Set the fields of w before the call. NewWriter replaces Completion and
// Balancer, and the replacements call the previous values. It reads RequiredAcks and
// Transport only once.
func NewWriter(w *kafka.Writer, opts ...kafkatrace.Option) *Writer {
	var known []kafkatrace.Option
	if transport, ok := w.Transport.(*kafka.Transport); ok && transport.ClientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(transport.ClientID)))
	}
	inner := w.Balancer
	if inner == nil {
		inner = &kafka.RoundRobin{} // the default of kafka-go
	}
	w.Balancer = balancer{inner}
	w.Completion = completion{done: w.Completion, acks: w.RequiredAcks != kafka.RequireNone}.call
	return &Writer{Writer: w, tracer: adapter.NewTracer(append(known, opts...)...)}
}

// WriteMessages writes msgs with kafka-go, with one span per message.
func (w *Writer) WriteMessages(ctx context.Context, msgs ...kafka.Message) error {
	all := make(write, len(msgs))
	own := append(make([]kafka.Message, 0, 10), msgs...) // does not escape if there are few messages
	for i := range own {
		all.begin(ctx, w, i, &own[i])
	}
	returned := false
	defer func() {
		if !returned { // WriteMessages of kafka-go panicked
			all.giveUp(errNotSent)
		}
	}()
	err := w.Writer.WriteMessages(ctx, own...)
	returned = true
	if err != nil && !all.queued(err) {
		all.giveUp(err)
	}
	return all.original(err)
}

var errNotSent = errors.New("the writer panicked")

// Close closes the kafka.Writer.
func (w *Writer) Close() error {
	defer w.tracer.Close()
	return w.Writer.Close()
}

// A write contains the sendings of the messages of one call of WriteMessages.
type write []sending

// begin starts the span of msg. It keeps no pointer to msg, because msg would then escape.
func (w write) begin(ctx context.Context, to *Writer, i int, msg *kafka.Message) {
	s := &w[i]
	s.headers, s.traced, s.writerData = msg.Headers, msg.Headers, msg.WriterData
	topic := msg.Topic
	if topic == "" {
		topic = to.Topic
	}
	s.message = kafkatrace.Message{
		Topic: topic, Key: msg.Key, Tombstone: msg.Value == nil, Headers: kafkatrace.Headers(&s.traced),
	}
	_, s.end = to.tracer.StartSend(ctx, &s.message)
	msg.Headers, msg.WriterData = s.traced, s
}

// The parameter err is the error that WriteMessages has returned. queued reports whether
// kafka-go will still call Completion for the messages. In one call, kafka-go either assigns
// a partition to every message, or it refuses all messages before it assigns any partition.
func (w write) queued(err error) bool {
	if _, perMessage := errors.AsType[kafka.WriteErrors](err); perMessage {
		return true
	}
	for i := range w {
		if !w[i].assigned {
			return false
		}
	}
	return !errors.Is(err, io.ErrClosedPipe)
}

func (w write) giveUp(err error) {
	for i := range w {
		w[i].finish(err)
	}
}

// original restores the messages in err, and returns err.
func (w write) original(err error) error {
	if tooLarge, ok := err.(kafka.MessageTooLargeError); ok { //nolint:errorlint // kafka-go does not wrap it
		giveBack(&tooLarge.Message)
		for i := range tooLarge.Remaining {
			giveBack(&tooLarge.Remaining[i])
		}
		return tooLarge
	}
	return err
}

// completion ends spans, and then calls the Completion of the program.
type completion struct {
	done func([]kafka.Message, error)
	acks bool
}

func (c completion) call(msgs []kafka.Message, err error) {
	for i := range msgs {
		m := &msgs[i]
		s := giveBack(m)
		if s == nil {
			continue
		}
		if err == nil && c.acks {
			s.message.Acked, s.message.Partition, s.message.Offset = true, int32(m.Partition), m.Offset //nolint:gosec // the protocol has 32 bits
		}
		s.finish(err)
	}
	if c.done != nil {
		c.done(msgs, err)
	}
}

// balancer calls the program's own balancer, and notes which messages got a partition.
type balancer struct{ kafka.Balancer }

func (b balancer) Balance(msg kafka.Message, partitions ...int) int {
	s := giveBack(&msg)
	partition := b.Balancer.Balance(msg, partitions...)
	if s != nil {
		s.assigned = true
	}
	return partition
}
