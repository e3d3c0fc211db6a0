package kgotrace

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// Process calls fn in a CONSUMER span for r, and returns the error of fn. cl must be the
// client that polled r. If fn panics, Process records the panic and panics with the same
// value. If cl was made without [Opt], Process only calls fn. fn may recycle r.
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

// ProcessBatch calls fn in one CONSUMER span for all records, and returns the error of fn.
// cl must be the client that polled the records. [kafkatrace.Tracer.ProcessBatch] documents
// the disadvantages of such a span.
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

// Fetched measures the lag of the consumer, and returns fetches unchanged:
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

// Commit calls fn, and returns the error of fn. fn must commit the offsets of processed
// records:
//
//	err := kgotrace.Commit(ctx, cl, cl.CommitUncommittedOffsets)
//
// The duration of the commit is measured. If [kafkatrace.WithCommitSpans] is set, or if the
// client is transactional, the commit also has a span.
func Commit(ctx context.Context, cl *kgo.Client, fn func(context.Context) error) error {
	c := clientOf(cl)
	if c == nil {
		return fn(ctx)
	}
	return c.tracer.Commit(ctx, fn)
}

// End calls s.End in a span. The status of the span is Error if the program or the client
// aborted the transaction.
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

// EndTransaction calls cl.EndTransaction in a span. The status of the span is Error if the
// transaction was aborted. If the transaction has a consumer group, use [End] instead.
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

type handling struct {
	*client

	topic      string
	partition  int32
	generation int32
}

// If the group assigned the partition to another member during the processing,
// noteRevocation adds an event to the CONSUMER span. The other member will process the
// record again.
func (h handling) noteRevocation(ctx context.Context) {
	_, generation := h.GroupMetadata()
	if generation == h.generation || h.has(h.topic, h.partition) {
		return
	}
	adapter.Revoked(ctx, generation)
}

// adopt adds the span in ctx to r.Context, if r.Context is not nil. If the program produces
// r again, franz-go uses only r.Context. The new context is derived from the old context,
// because the old context of a pooled record contains the pool.
func adopt(ctx context.Context, r *kgo.Record) {
	if r.Context != nil {
		r.Context = trace.ContextWithSpan(r.Context, trace.SpanFromContext(ctx))
	}
}
