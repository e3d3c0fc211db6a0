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
		kgo.SporPolled = polled
		kgo.SporEndTransaction = kgotrace.EndTransaction
		kgo.SporEnd = kgotrace.End
	}
	os.Exit(probe.Run(m))
}

// polled measures the lag, and makes the span of each record, or one span of all records.
func polled(cl *kgo.Client, fetches kgo.Fetches) kgo.Fetches {
	fetches = kgotrace.Fetched(cl, fetches)
	if probe.Has("batch") {
		_ = kgotrace.ProcessBatch(context.Background(), cl, fetches.Records(), handle)
		return fetches
	}
	fetches.EachRecord(func(r *kgo.Record) { _ = kgotrace.Process(context.Background(), cl, r, handle) })
	return fetches
}

func handle(context.Context) error { return nil }
