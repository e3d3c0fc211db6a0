package kafkagotrace

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"

	"github.com/segmentio/kafka-go"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A Writer is a kafka.Writer with a span and a measurement for every message. Its
// methods may be called by several goroutines at once.
type Writer struct {
	*kafka.Writer

	tracer *adapter.Tracer
}

// NewWriter returns w, to be used through what is returned alone. Set Completion
// and Balancer of w before, if at all: they are called as before, but are no longer
// what the fields hold. A w that was wrapped already must not be wrapped again.
func NewWriter(w *kafka.Writer, opts ...kafkatrace.Option) *Writer {
	var known []kafkatrace.Option
	if transport, ok := w.Transport.(*kafka.Transport); ok && transport.ClientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(transport.ClientID)))
	}
	inner := w.Balancer
	if inner == nil {
		inner = &kafka.RoundRobin{} // which is the default
	}
	w.Balancer = balancer{inner}
	w.Completion = completion{done: w.Completion, acks: w.RequiredAcks != kafka.RequireNone}.call
	return &Writer{Writer: w, tracer: adapter.NewTracer(append(known, opts...)...)}
}

// WriteMessages is that of kafka.Writer, with a span for each message.
func (w *Writer) WriteMessages(ctx context.Context, msgs ...kafka.Message) error {
	all := &write{of: make([]sending, len(msgs))}
	own := slices.Clone(msgs)
	for i := range own {
		all.begin(ctx, w, i, &own[i])
	}
	returned := false
	defer func() {
		if !returned { // it panicked
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

// Close is that of kafka.Writer.
func (w *Writer) Close() error {
	defer w.tracer.Close()
	return w.Writer.Close()
}

// write is one call of WriteMessages.
type write struct {
	of       []sending
	assigned atomic.Int64 // to a partition, so far
}

func (w *write) begin(ctx context.Context, to *Writer, i int, msg *kafka.Message) {
	s := &w.of[i]
	s.write, s.headers, s.writerData = w, msg.Headers, msg.WriterData
	topic := msg.Topic
	if topic == "" {
		topic = to.Topic
	}
	s.message = kafkatrace.Message{
		Topic: topic, Key: msg.Key, Tombstone: msg.Value == nil, Headers: kafkatrace.Headers(&msg.Headers),
	}
	_, s.end = to.tracer.StartSend(ctx, &s.message)
	msg.WriterData = s
}

// queued reports whether messages are on their way in spite of err, so that
// somebody will tell what becomes of them. kafka-go refuses all messages of a call
// before it has found each a partition, or none.
func (w *write) queued(err error) bool {
	if _, told := errors.AsType[kafka.WriteErrors](err); told {
		return true
	}
	return int(w.assigned.Load()) == len(w.of) && !errors.Is(err, io.ErrClosedPipe)
}

func (w *write) giveUp(err error) {
	for i := range w.of {
		w.of[i].finish(err)
	}
}

// original returns err with the messages that it holds as the program gave them.
func (w *write) original(err error) error {
	if tooLarge, ok := err.(kafka.MessageTooLargeError); ok { //nolint:errorlint // as kafka-go returns it
		giveBack(&tooLarge.Message)
		for i := range tooLarge.Remaining {
			giveBack(&tooLarge.Remaining[i])
		}
		return tooLarge
	}
	return err
}

// completion ends spans before the program's own Completion is called.
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
			s.message.Acked, s.message.Partition, s.message.Offset = true, int32(m.Partition), m.Offset //nolint:gosec // as in the protocol
		}
		s.finish(err)
	}
	if c.done != nil {
		c.done(msgs, err)
	}
}

// balancer counts what was assigned, which the program's own balancer does.
type balancer struct{ kafka.Balancer }

func (b balancer) Balance(msg kafka.Message, partitions ...int) int {
	s := giveBack(&msg)
	partition := b.Balancer.Balance(msg, partitions...)
	if s != nil {
		s.write.assigned.Add(1)
	}
	return partition
}
