package kgotrace

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// PollFetches polls with franz-go, and measures the lag of the polled partitions.
func (c *Client) PollFetches(ctx context.Context) kgo.Fetches {
	return c.fetched(c.Client.PollFetches(ctx))
}

// PollRecords polls with franz-go, and measures the lag of the polled partitions.
func (c *Client) PollRecords(ctx context.Context, maxPollRecords int) kgo.Fetches {
	return c.fetched(c.Client.PollRecords(ctx, maxPollRecords))
}

func (c *Client) fetched(fetches kgo.Fetches) kgo.Fetches {
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

func (c *Client) measure(topic string, p *kgo.FetchPartition) {
	if n := len(p.Records); n > 0 && p.HighWatermark >= 0 {
		c.positions.knows(place{topic, p.Partition}, true)
		c.tracer.SetLag(topic, p.Partition, p.HighWatermark-p.Records[n-1].Offset-1)
	}
}

// Process calls fn in a CONSUMER span for r, and returns the error of fn. If fn panics,
// Process records the panic and panics with the same value. fn may recycle r. If r is nil,
// Process calls fn without a span.
func (c *Client) Process(ctx context.Context, r *kgo.Record, fn func(context.Context) error) error {
	if r == nil {
		return fn(ctx)
	}
	h := handling{client: c, topic: r.Topic, partition: r.Partition}
	_, h.generation = c.GroupMetadata()
	return c.tracer.Process(ctx, describe(new(kafkatrace.Message), r), func(ctx context.Context) error {
		adopt(ctx, r)
		err := fn(ctx)
		h.noteRevocation(ctx)
		return err
	})
}

// ProcessBatch calls fn in one CONSUMER span for all records, and returns the error of fn.
// [kafkatrace.Tracer.ProcessBatch] documents the disadvantages of such a span. fn may
// recycle the records.
func (c *Client) ProcessBatch(ctx context.Context, records []*kgo.Record, fn func(context.Context) error) error {
	return c.tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for _, r := range records {
			if r != nil && !yield(describe(m, r)) {
				return
			}
		}
	}, func(ctx context.Context) error {
		for _, r := range records {
			adopt(ctx, r)
		}
		return fn(ctx)
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
	client     *Client
	topic      string
	partition  int32
	generation int32
}

// If the group assigned the partition to another member during the processing,
// noteRevocation adds an event to the CONSUMER span. The other member will process the
// record again.
func (h handling) noteRevocation(ctx context.Context) {
	_, generation := h.client.GroupMetadata()
	if generation == h.generation || h.client.has(h.topic, h.partition) {
		return
	}
	adapter.Revoked(ctx, generation)
}

// adopt adds the span in ctx to r.Context, if r.Context is not nil. If the program produces
// r again, franz-go uses only r.Context. The new context is derived from the old context,
// because the old context of a pooled record contains the pool.
func adopt(ctx context.Context, r *kgo.Record) {
	if r != nil && r.Context != nil {
		r.Context = trace.ContextWithSpan(r.Context, trace.SpanFromContext(ctx))
	}
}
