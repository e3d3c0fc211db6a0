package kgo_test

import (
	"context"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/kafkaoptions"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

func TestMain(m *testing.M) {
	if probe.On() {
		opts := kafkaoptions.Options()
		kgo.SporOpts = func() []kgo.Opt { return []kgo.Opt{kgotrace.Opt(opts...)} }
		kgo.SporPoll = poll
		kgo.SporEndTransaction = func(ctx context.Context, cl *kgo.Client, commit kgo.TransactionEndTry) error {
			return kgotrace.Wrap(cl).EndTransaction(ctx, commit)
		}
		kgo.SporEnd = func(ctx context.Context, s *kgo.GroupTransactSession, commit kgo.TransactionEndTry) (bool, error) {
			return kgotrace.Wrap(s.Client()).End(ctx, s, commit)
		}
	}
	os.Exit(probe.Run(m))
}

// poll makes the span of each record, or one span of all records.
func poll(ctx context.Context, client *kgo.Client, maxPollRecords int) kgo.Fetches {
	cl := kgotrace.Wrap(client)
	fetches := cl.PollRecords(ctx, maxPollRecords)
	if probe.Has("batch") {
		_ = cl.ProcessBatch(context.Background(), fetches.Records(), handle)
		return fetches
	}
	fetches.EachRecord(func(r *kgo.Record) { _ = cl.Process(context.Background(), r, handle) })
	return fetches
}

func handle(context.Context) error { return nil }
