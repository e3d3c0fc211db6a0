package kafkagotrace

import (
	"context"

	"github.com/segmentio/kafka-go"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A Reader is a kafka.Reader that measures how far behind it is, and its commits.
// Its methods may be called by several goroutines at once.
type Reader struct {
	*kafka.Reader

	tracer *adapter.Tracer
}

// NewReader returns r, to be used through what is returned alone.
func NewReader(r *kafka.Reader, opts ...kafkatrace.Option) *Reader {
	config := r.Config()
	known := []kafkatrace.Option{kafkatrace.WithConsumerGroup(config.GroupID)}
	if config.Dialer != nil && config.Dialer.ClientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(config.Dialer.ClientID)))
	}
	return &Reader{Reader: r, tracer: adapter.NewTracer(append(known, opts...)...)}
}

// Process calls fn in the span of processing msg, and returns what fn does. A panic
// of fn is recorded, and goes on.
func (r *Reader) Process(ctx context.Context, msg kafka.Message, fn func(context.Context) error) error {
	r.measure(&msg)
	return r.tracer.Process(ctx, describe(new(kafkatrace.Message), &msg), fn)
}

// ProcessBatch calls fn in one span for all msgs, and returns what fn does. See
// kafkatrace.Tracer.ProcessBatch for what that loses.
func (r *Reader) ProcessBatch(ctx context.Context, msgs []kafka.Message, fn func(context.Context) error) error {
	if len(msgs) > 0 {
		r.measure(&msgs[len(msgs)-1])
	}
	return r.tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for i := range msgs {
			if !yield(describe(m, &msgs[i])) {
				return
			}
		}
	}, fn)
}

// CommitMessages is that of kafka.Reader, measured and, with
// kafkatrace.WithCommitSpans, in a span.
func (r *Reader) CommitMessages(ctx context.Context, msgs ...kafka.Message) error {
	return r.tracer.Commit(ctx, func(ctx context.Context) error { return r.Reader.CommitMessages(ctx, msgs...) })
}

// Close is that of kafka.Reader.
func (r *Reader) Close() error {
	defer r.tracer.Close()
	return r.Reader.Close()
}

// measure tells how far behind the reader is at msg.
func (r *Reader) measure(msg *kafka.Message) {
	if msg.HighWaterMark > 0 {
		r.tracer.SetLag(msg.Topic, int32(msg.Partition), msg.HighWaterMark-msg.Offset-1) //nolint:gosec // as in the protocol
	}
}

// describe leaves out whether there is a value: kafka-go does not tell an empty
// one from none.
func describe(m *kafkatrace.Message, msg *kafka.Message) *kafkatrace.Message {
	*m = kafkatrace.Message{
		Topic: msg.Topic, Partition: int32(msg.Partition), Offset: msg.Offset, //nolint:gosec // as in the protocol
		Key: msg.Key, Headers: kafkatrace.Headers(&msg.Headers),
	}
	return m
}
