package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// The type events sends events about quotes to Kafka.
type events struct {
	client *kgotrace.Client
	topic  string
	sent   atomic.Int64
}

func newEvents(k *kafka) (*events, error) {
	client, err := kgotrace.NewClient(append([]kgo.Opt{
		kgo.ProducerLinger(0), // do not wait for more records, because a caller waits for each record
	}, k.opts...)...)
	if err != nil {
		return nil, err
	}
	return &events{client: client, topic: k.topic}, nil
}

// The method created sends an event for the new quote q, and waits until the broker has stored
// the event.
func (e *events) created(ctx context.Context, q *quotespb.Quote) error {
	value, err := json.Marshal(quoteOf(q))
	if err != nil {
		return err
	}
	r := &kgo.Record{Topic: e.topic, Key: []byte(q.GetId()), Value: value}
	if err := e.client.ProduceSync(ctx, r).FirstErr(); err != nil {
		return err
	}
	e.sent.Add(1)
	return nil
}

func (e *events) close() {
	if err := e.client.Flush(context.Background()); err != nil {
		slog.Error("events were lost", "error", err)
	}
	e.client.Close()
}
