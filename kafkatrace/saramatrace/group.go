package saramatrace

import (
	"context"
	"sync/atomic"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
)

// A ConsumerGroup is a sarama.ConsumerGroup that also measures its lag and its commits. Its
// methods may be called by several goroutines at the same time.
type ConsumerGroup struct {
	sarama.ConsumerGroup

	processor processor
}

// NewConsumerGroup returns a traced consumer group. addrs, groupID and config are the
// arguments of [sarama.NewConsumerGroup].
func NewConsumerGroup(addrs []string, groupID string, config *sarama.Config, opts ...kafkatrace.Option) (*ConsumerGroup, error) {
	g, err := sarama.NewConsumerGroup(addrs, groupID, config)
	if err != nil {
		return nil, err
	}
	return WrapConsumerGroup(g, groupID, config, opts...), nil
}

// WrapConsumerGroup returns a traced consumer group that consumes with g. groupID and config
// are the arguments with which g was made. If config is nil, the default configuration of
// sarama is assumed. If g is already a *ConsumerGroup, WrapConsumerGroup returns g itself.
func WrapConsumerGroup(g sarama.ConsumerGroup, groupID string, config *sarama.Config, opts ...kafkatrace.Option) *ConsumerGroup {
	if traced, ok := g.(*ConsumerGroup); ok {
		return traced
	}
	return &ConsumerGroup{ConsumerGroup: g, processor: newProcessor(groupID, config, opts)}
}

// Consume joins the group with sarama. It measures the lag of the partitions that h consumes.
// A message counts as read when it is passed to [ConsumerGroup.Process] or
// [ConsumerGroup.ProcessBatch], or when h marks it. If h calls the method Commit of its
// session, the commit is measured.
func (g *ConsumerGroup) Consume(ctx context.Context, topics []string, h sarama.ConsumerGroupHandler) error {
	if h != nil {
		h = &handler{ConsumerGroupHandler: h, processor: g.processor, canceled: ctx.Err}
	}
	return g.ConsumerGroup.Consume(ctx, topics, h)
}

// Process calls fn in a CONSUMER span for msg, and returns the error of fn. If fn panics,
// Process records the panic and panics with the same value. Normally, ctx is the context of
// the session. If msg is nil, Process calls fn without a span.
func (g *ConsumerGroup) Process(ctx context.Context, msg *sarama.ConsumerMessage, fn func(context.Context) error) error {
	return g.processor.process(ctx, msg, fn)
}

// ProcessBatch calls fn in one CONSUMER span for all msgs, and returns the error of fn.
// [kafkatrace.Tracer.ProcessBatch] documents the disadvantages of such a span.
func (g *ConsumerGroup) ProcessBatch(ctx context.Context, msgs []*sarama.ConsumerMessage, fn func(context.Context) error) error {
	return g.processor.processBatch(ctx, msgs, fn)
}

// Close closes the consumer group of sarama.
func (g *ConsumerGroup) Close() error {
	g.processor.claims.closing.Store(true)
	defer g.processor.tracer.Close()
	return g.ConsumerGroup.Close()
}

// handler passes a wrapped session to the handler of the program. Each session has its own
// handler.
type handler struct {
	sarama.ConsumerGroupHandler

	processor processor
	canceled  func() error // returns an error if the program has canceled Consume
	returned  atomic.Bool  // a ConsumeClaim has returned before the session ended
}

func (h *handler) Setup(s sarama.ConsumerGroupSession) error {
	return h.ConsumerGroupHandler.Setup(session{s, h.processor})
}

func (h *handler) Cleanup(s sarama.ConsumerGroupSession) error {
	return h.ConsumerGroupHandler.Cleanup(session{s, h.processor})
}

func (h *handler) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	at := place{c.Topic(), c.Partition()}
	added := h.processor.claims.add(at, c, c.InitialOffset(), func() (int32, bool) {
		return s.GenerationID(), s.Context().Err() != nil && h.canceled() == nil
	})
	defer func() { h.processor.claims.remove(at, added, h.ended(s)) }()
	return h.ConsumerGroupHandler.ConsumeClaim(session{s, h.processor}, c)
}

// ended is called when a claim ends. It reports whether the program has ended the session, and
// not the group. sarama ends a session when the first claim ends. If the group has ended the
// session, another member of the group reports the lag.
func (h *handler) ended(s sarama.ConsumerGroupSession) bool {
	if s.Context().Err() == nil {
		h.returned.Store(true)
	}
	return h.returned.Load() || h.canceled() != nil || h.processor.claims.closing.Load()
}

// session measures the commits of a session, and the lag of the messages that it marks. All
// values for one session are equal, so a program can use them as keys of a map.
type session struct {
	sarama.ConsumerGroupSession

	processor processor
}

func (s session) MarkMessage(msg *sarama.ConsumerMessage, metadata string) {
	if msg != nil {
		s.processor.claims.at(msg.Topic, msg.Partition).pass(msg.Offset)
	}
	s.ConsumerGroupSession.MarkMessage(msg, metadata)
}

func (s session) MarkOffset(topic string, partition int32, offset int64, metadata string) {
	s.processor.claims.at(topic, partition).pass(offset - 1)
	s.ConsumerGroupSession.MarkOffset(topic, partition, offset, metadata)
}

func (s session) Commit() {
	_ = s.processor.tracer.Commit(s.Context(), func(context.Context) error {
		s.ConsumerGroupSession.Commit()
		return nil
	})
}
