package kgotrace

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// Process calls fn in the span of processing r, which cl polled, and returns what
// fn does. A panic of fn is recorded, and goes on. If cl was made without [Opt],
// only fn is called. r may be recycled in fn.
func Process(ctx context.Context, cl *kgo.Client, r *kgo.Record, fn func(context.Context) error) error {
	c := clientOf(cl)
	if c == nil {
		return fn(ctx)
	}
	h := handling{client: c, topic: r.Topic, partition: r.Partition}
	_, h.generation = cl.GroupMetadata()
	return c.tracer.Process(ctx, describe(new(kafkatrace.Message), r), func(ctx context.Context) error {
		adopt(ctx, r)
		err := fn(ctx)
		h.noteRevocation(ctx)
		return err
	})
}

// ProcessBatch calls fn in one span for all records, which cl polled, and returns
// what fn does. See [kafkatrace.Tracer.ProcessBatch] for what that loses.
func ProcessBatch(ctx context.Context, cl *kgo.Client, records []*kgo.Record, fn func(context.Context) error) error {
	c := clientOf(cl)
	if c == nil {
		return fn(ctx)
	}
	return c.tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for _, r := range records {
			if !yield(describe(m, r)) {
				return
			}
		}
	}, fn)
}

// Fetched measures how far behind the consumer is, and returns fetches:
//
//	fetches := kgotrace.Fetched(cl, cl.PollFetches(ctx))
func Fetched(cl *kgo.Client, fetches kgo.Fetches) kgo.Fetches {
	c := clientOf(cl)
	if c == nil {
		return fetches
	}
	for i := range fetches {
		for j := range fetches[i].Topics {
			topic := &fetches[i].Topics[j]
			for k := range topic.Partitions {
				c.measure(topic.Topic, &topic.Partitions[k])
			}
		}
	}
	return fetches
}

func (c *client) measure(topic string, p *kgo.FetchPartition) {
	if n := len(p.Records); n > 0 && p.HighWatermark >= 0 {
		c.tracer.SetLag(topic, p.Partition, p.HighWatermark-p.Records[n-1].Offset-1)
	}
}

// Commit calls fn, which commits what was processed, and returns what fn does:
//
//	err := kgotrace.Commit(ctx, cl, cl.CommitUncommittedOffsets)
//
// It is measured and, with [kafkatrace.WithCommitSpans] or in a transactional
// client, a span.
func Commit(ctx context.Context, cl *kgo.Client, fn func(context.Context) error) error {
	c := clientOf(cl)
	if c == nil {
		return fn(ctx)
	}
	return c.tracer.Commit(ctx, fn)
}

// End calls the End of s in a span. Its status is Error if the transaction was aborted,
// by the program or by the client.
func End(ctx context.Context, s *kgo.GroupTransactSession, commit kgo.TransactionEndTry) (committed bool, err error) {
	c := clientOf(s.Client())
	if c == nil {
		return s.End(ctx, commit)
	}
	err = c.tracer.EndTransaction(ctx, func(ctx context.Context) (bool, error) {
		var err error
		committed, err = s.End(ctx, commit)
		return committed, err
	})
	return committed, err
}

// EndTransaction calls the EndTransaction of cl in a span. Its status is Error if the
// transaction was aborted. With a consumer group, use [End].
func EndTransaction(ctx context.Context, cl *kgo.Client, commit kgo.TransactionEndTry) error {
	c := clientOf(cl)
	if c == nil {
		return cl.EndTransaction(ctx, commit)
	}
	return c.tracer.EndTransaction(ctx, func(ctx context.Context) (bool, error) {
		return bool(commit), cl.EndTransaction(ctx, commit)
	})
}

func describe(m *kafkatrace.Message, r *kgo.Record) *kafkatrace.Message {
	*m = kafkatrace.Message{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset,
		Key: r.Key, Tombstone: r.Value == nil, Headers: kafkatrace.Headers(&r.Headers),
	}
	return m
}

// handling is a record that the program is processing.
type handling struct {
	*client

	topic      string
	partition  int32
	generation int32
}

// noteRevocation adds an event to the span of processing if the group has assigned the
// partition to another member meanwhile, who will process the record again.
func (h handling) noteRevocation(ctx context.Context) {
	_, generation := h.GroupMetadata()
	if generation == h.generation || h.has(h.topic, h.partition) {
		return
	}
	adapter.Revoked(ctx, generation)
}

// adopt adds the span in ctx to the context of r, if r has one: when r is produced
// again, kgo uses that context and no other. The new context derives from the old one,
// because a pooled record finds its pool in it.
func adopt(ctx context.Context, r *kgo.Record) {
	if r.Context != nil {
		r.Context = trace.ContextWithSpan(r.Context, trace.SpanFromContext(ctx))
	}
}
