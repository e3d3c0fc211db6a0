package kafkagotrace

import (
	"context"

	"github.com/segmentio/kafka-go"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A Reader is a kafka.Reader that also measures its lag and its commits. Its methods are
// safe for concurrent use.
type Reader struct {
	*kafka.Reader

	tracer *adapter.Tracer
}

// NewReader returns a Reader that wraps r. Do not use r directly afterwards.
func NewReader(r *kafka.Reader, opts ...kafkatrace.Option) *Reader {
	config := r.Config()
	known := []kafkatrace.Option{kafkatrace.WithConsumerGroup(config.GroupID)}
	if config.Dialer != nil && config.Dialer.ClientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(config.Dialer.ClientID)))
	}
	return &Reader{Reader: r, tracer: adapter.NewTracer(append(known, opts...)...)}
}

// FetchMessage fetches a message with kafka-go, and measures the lag of its partition.
func (r *Reader) FetchMessage(ctx context.Context) (kafka.Message, error) {
	return r.fetched(r.Reader.FetchMessage(ctx))
}

// ReadMessage fetches a message and commits it with kafka-go, and measures the lag of its
// partition.
func (r *Reader) ReadMessage(ctx context.Context) (kafka.Message, error) {
	return r.fetched(r.Reader.ReadMessage(ctx))
}

// Process calls fn in a CONSUMER span for msg, and returns the error of fn. If fn panics,
// Process records the panic and panics again with the same value.
func (r *Reader) Process(ctx context.Context, msg kafka.Message, fn func(context.Context) error) error {
	return r.tracer.Process(ctx, describe(new(kafkatrace.Message), &msg), fn)
}

// ProcessBatch calls fn in one CONSUMER span for all msgs, and returns the error of fn. See
// kafkatrace.Tracer.ProcessBatch for the disadvantages of such a span.
func (r *Reader) ProcessBatch(ctx context.Context, msgs []kafka.Message, fn func(context.Context) error) error {
	return r.tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for i := range msgs {
			if !yield(describe(m, &msgs[i])) {
				return
			}
		}
	}, fn)
}

// CommitMessages commits msgs with kafka-go, and measures the commit. With
// kafkatrace.WithCommitSpans, it also makes a span.
func (r *Reader) CommitMessages(ctx context.Context, msgs ...kafka.Message) error {
	return r.tracer.Commit(ctx, func(ctx context.Context) error { return r.Reader.CommitMessages(ctx, msgs...) })
}

// Close closes the kafka.Reader.
func (r *Reader) Close() error {
	defer r.tracer.Close()
	return r.Reader.Close()
}

// fetched sets the lag to the number of messages that follow msg in the partition. kafka-go
// returns control records and aborted records as messages, so no record is missing.
func (r *Reader) fetched(msg kafka.Message, err error) (kafka.Message, error) {
	if err == nil && msg.HighWaterMark > 0 {
		r.tracer.SetLag(msg.Topic, int32(msg.Partition), msg.HighWaterMark-msg.Offset-1) //nolint:gosec // the protocol has 32 bits
	}
	return msg, err
}

// describe sets *m to the data of msg, and returns m. It does not set Tombstone, because
// kafka-go does not distinguish an empty value from no value.
func describe(m *kafkatrace.Message, msg *kafka.Message) *kafkatrace.Message {
	*m = kafkatrace.Message{
		Topic: msg.Topic, Partition: int32(msg.Partition), Offset: msg.Offset, //nolint:gosec // the protocol has 32 bits
		Key: msg.Key, Headers: kafkatrace.Headers(&msg.Headers),
	}
	return m
}
