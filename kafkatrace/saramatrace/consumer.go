package saramatrace

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// ConsumerGroupHandler returns a handler that calls h. The context of each session contains
// the tracer that [Process] and [ProcessBatch] need. The handler also measures the lag of
// the partitions. If the program calls the method Commit of the session, the handler
// measures this call too. If h is nil or already wrapped, ConsumerGroupHandler returns h
// itself.
func ConsumerGroupHandler(h sarama.ConsumerGroupHandler, opts ...kafkatrace.Option) sarama.ConsumerGroupHandler {
	if _, twice := h.(*handler); twice || h == nil {
		return h
	}
	return &handler{ConsumerGroupHandler: h, opts: opts}
}

// handler has a tracer only while it has a session. There are two reasons: sarama does not
// report the end of a group, and a program may make a new handler for each session.
type handler struct {
	sarama.ConsumerGroupHandler

	opts []kafkatrace.Option

	mu       sync.Mutex
	sessions int
	tracer   *adapter.Tracer
}

// Setup is called once per session. sarama then calls Cleanup once, even if Setup returns
// an error.
func (h *handler) Setup(s sarama.ConsumerGroupSession) error {
	h.mu.Lock()
	h.sessions++
	h.mu.Unlock()
	h.current().RetainLag(partitions(s))
	return h.ConsumerGroupHandler.Setup(h.session(s, nil))
}

func (h *handler) Cleanup(s sarama.ConsumerGroupSession) error {
	defer h.leave()
	return h.ConsumerGroupHandler.Cleanup(h.session(s, nil))
}

func (h *handler) current() *adapter.Tracer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tracer == nil {
		h.tracer = adapter.NewTracer(h.opts...)
	}
	return h.tracer
}

// leave closes the tracer when the last session ends.
func (h *handler) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions--
	if h.sessions <= 0 && h.tracer != nil {
		h.tracer.Close()
		h.tracer = nil
	}
}

func (h *handler) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	return h.ConsumerGroupHandler.ConsumeClaim(h.session(s, c), c)
}

// partitions yields the partitions that s has at the time of the iteration. A cooperative
// session can get and lose partitions later.
func partitions(s sarama.ConsumerGroupSession) iter.Seq2[string, int32] {
	return func(yield func(string, int32) bool) {
		for topic, partitions := range s.Claims() {
			for _, partition := range partitions {
				if !yield(topic, partition) {
					return
				}
			}
		}
	}
}

// session wraps a session of sarama. The context of the wrapper contains a *known.
type session struct {
	sarama.ConsumerGroupSession

	ctx   context.Context //nolint:containedctx // sarama's own session also stores its context
	known *known
}

func (h *handler) session(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) *session {
	k := &known{tracer: h.current(), session: s, claim: c}
	return &session{ConsumerGroupSession: s, known: k, ctx: context.WithValue(s.Context(), knownKey{}, k)}
}

func (s *session) Context() context.Context { return s.ctx }

func (s *session) Commit() {
	_ = s.known.tracer.Commit(s.ctx, func(context.Context) error {
		s.ConsumerGroupSession.Commit()
		return nil
	})
}

// A value of the type known is stored in the context of a session. [Process] and
// [ProcessBatch] read this value.
type known struct {
	tracer  *adapter.Tracer
	session sarama.ConsumerGroupSession // nil without a consumer group
	claim   sarama.ConsumerGroupClaim   // nil outside of ConsumeClaim
}

type knownKey struct{}

// plain is used if the context contains no *known, for example without a consumer group.
var plain = sync.OnceValue(func() *known { return &known{tracer: adapter.NewTracer()} })

func knownBy(ctx context.Context) *known {
	if k, ok := ctx.Value(knownKey{}).(*known); ok {
		return k
	}
	return plain()
}

// Process calls fn in a CONSUMER span for msg, and returns the error of fn. If fn panics,
// Process records the panic and panics again with the same value. Normally, ctx is the
// context of the session. If ctx is another context, for example without a consumer group,
// Process uses a tracer with the default options. If msg is nil, Process calls fn without a
// span.
func Process(ctx context.Context, msg *sarama.ConsumerMessage, fn func(context.Context) error) error {
	if msg == nil {
		return fn(ctx)
	}
	k := knownBy(ctx)
	k.measure(msg)
	return k.tracer.Process(ctx, describe(new(kafkatrace.Message), msg), func(ctx context.Context) error {
		err := fn(ctx)
		k.noteRevocation(ctx)
		return err
	})
}

// ProcessBatch calls fn in one CONSUMER span for all msgs, and returns the error of fn. See
// kafkatrace.Tracer.ProcessBatch for the disadvantages of such a span.
func ProcessBatch(ctx context.Context, msgs []*sarama.ConsumerMessage, fn func(context.Context) error) error {
	k := knownBy(ctx)
	if i := len(msgs) - 1; i >= 0 && msgs[i] != nil {
		k.measure(msgs[i])
	}
	return k.tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for msg := range slices.Values(msgs) {
			if msg != nil && !yield(describe(m, msg)) {
				return
			}
		}
	}, fn)
}

func describe(m *kafkatrace.Message, msg *sarama.ConsumerMessage) *kafkatrace.Message {
	*m = kafkatrace.Message{
		Topic: msg.Topic, Partition: msg.Partition, Offset: msg.Offset,
		Key: msg.Key, Tombstone: msg.Value == nil, Headers: (*consumed)(&msg.Headers),
	}
	return m
}

// measure sets the lag to the number of messages that follow msg in the partition.
func (k *known) measure(msg *sarama.ConsumerMessage) {
	if k.claim != nil && k.claim.Partition() == msg.Partition && k.claim.Topic() == msg.Topic {
		k.tracer.SetLag(msg.Topic, msg.Partition, k.claim.HighWaterMarkOffset()-msg.Offset-1)
	}
}

// If the session of the group ended during the processing, noteRevocation adds an event to
// the CONSUMER span. Another member then processes the message again.
func (k *known) noteRevocation(ctx context.Context) {
	if k.session == nil || k.session.Context().Err() == nil {
		return
	}
	adapter.Revoked(ctx, k.session.GenerationID())
}
