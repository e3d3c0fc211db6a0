package kgotrace

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace"
)

// Opt returns the option to give [kgo.NewClient] so that what the client does is
// traced and measured. It is for one client.
func Opt(opts ...kafkatrace.Option) kgo.Opt {
	return kgo.WithHooks(&hooks{opts: opts})
}

// Process calls fn in the span of processing r, which cl polled, and returns what
// fn does. A panic of fn is recorded, and goes on. If cl was made without [Opt],
// only fn is called. r may be recycled in fn.
func Process(ctx context.Context, cl *kgo.Client, r *kgo.Record, fn func(context.Context) error) error {
	c := clientOf(cl)
	if c == nil {
		return fn(ctx)
	}
	m := new(kafkatrace.Message)
	describe(m, r)
	h := handling{client: c, topic: r.Topic, partition: r.Partition}
	_, h.generation = cl.GroupMetadata()
	return c.tracer.Process(ctx, m, func(ctx context.Context) error {
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
			describe(m, r)
			if !yield(m) {
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

// End is the End of s in a span, which is an Error when the transaction was
// aborted, by whomever.
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

// EndTransaction is the EndTransaction of cl in a span, which is an Error when the
// transaction was aborted. Where there is a group, use [End].
func EndTransaction(ctx context.Context, cl *kgo.Client, commit kgo.TransactionEndTry) error {
	c := clientOf(cl)
	if c == nil {
		return cl.EndTransaction(ctx, commit)
	}
	return c.tracer.EndTransaction(ctx, func(ctx context.Context) (bool, error) {
		return bool(commit), cl.EndTransaction(ctx, commit)
	})
}

func describe(m *kafkatrace.Message, r *kgo.Record) {
	*m = kafkatrace.Message{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset,
		Key: r.Key, Tombstone: r.Value == nil, Headers: kafkatrace.Headers(&r.Headers),
	}
}
