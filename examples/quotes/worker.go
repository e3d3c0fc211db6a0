package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace/kgotrace"
)

// worker is the service that counts the quotes of each author. It gets the quotes from the
// events in Kafka.
type worker struct {
	client *kgotrace.Client
	store  store
	worked chan struct{} // closed when work has returned
	done   atomic.Int64  // number of records that were handled
}

func startWorker(ctx context.Context, k *kafka, s store) (*worker, error) {
	client, err := kgotrace.NewClient(append([]kgo.Opt{
		kgo.ConsumerGroup("quotes"), kgo.ConsumeTopics(k.topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, k.opts...)...)
	if err != nil {
		return nil, err
	}
	w := &worker{client: client, store: s, worked: make(chan struct{})}
	go w.work(context.WithoutCancel(ctx))
	return w, nil
}

// work handles records until the client is closed.
func (w *worker) work(ctx context.Context) {
	defer close(w.worked)
	for {
		fetches := w.client.PollFetches(ctx)
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachError(func(topic string, _ int32, err error) {
			slog.ErrorContext(ctx, "topic was not read", "topic", topic, "error", err)
		})
		fetches.EachRecord(func(r *kgo.Record) { w.handle(ctx, r) })
		if err := w.client.CommitUncommittedOffsets(ctx); err != nil {
			slog.ErrorContext(ctx, "offsets were not committed", "error", err)
		}
	}
}

// handle counts the quote in the record r. The record gets its own span.
func (w *worker) handle(ctx context.Context, r *kgo.Record) {
	ctx, cancel := context.WithTimeout(ctx, backendTimeout)
	defer cancel()
	err := w.client.Process(ctx, r, func(ctx context.Context) error {
		var q quote
		if err := json.Unmarshal(r.Value, &q); err != nil {
			return err
		}
		if err := w.store.count(ctx, q.Author); err != nil {
			return err
		}
		slog.InfoContext(ctx, "quote counted", "quote_id", q.ID)
		return nil
	})
	if err != nil {
		slog.ErrorContext(ctx, "quote was not counted", "offset", r.Offset, "error", err)
	}
	w.done.Add(1)
}

// await waits until the worker has handled the given number of records.
func (w *worker) await(ctx context.Context, quotes int64) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.done.Load() < quotes {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// stop leaves the consumer group, and waits until the current record has been handled.
func (w *worker) stop() {
	w.client.Close()
	<-w.worked
}
