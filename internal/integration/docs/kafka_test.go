package docs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

func TestKafkaPage(t *testing.T) {
	sdk := oteltest.New(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	client, err := kgotrace.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic("orders"),
		kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("orders"), kgo.DisableAutoCommit(), kgo.ProducerBatchMaxBytes(1<<10),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgotrace.Opt(
			kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider),
			kafkatrace.WithPropagator(sdk.Propagator), kafkatrace.WithKey(nil), kafkatrace.WithPartitionMetrics(),
			kafkatrace.WithCommitSpans()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	chosen := []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}}
	for _, r := range []*kgo.Record{
		{Key: []byte("key")}, // a tombstone
		{Value: []byte("value"), Headers: chosen},
		{Value: []byte("value")},
	} {
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ProduceSync(ctx, kgo.StringRecord(strings.Repeat("x", 1<<20))).FirstErr(); err == nil {
		t.Error("a record that is too large was sent")
	}
	var records []*kgo.Record
	for len(records) < 3 {
		records = append(records, client.PollFetches(ctx).Records()...)
	}
	processKafka(ctx, client, records)
	if err := client.CommitRecords(ctx, records...); err != nil {
		t.Fatal(err)
	}
	if err := client.Commit(ctx, func(context.Context) error { return errors.New("no") }); err == nil {
		t.Error("Commit did not return the error")
	}
	compare(t, read(t, "../../../docs/kafka.md"), emitted(t, sdk, "github.com/nais/spor/kafkatrace"))
}

// processKafka processes each record, and then all records as a batch. At the end, it
// processes one record with a handler that panics.
func processKafka(ctx context.Context, client *kgotrace.Client, records []*kgo.Record) {
	for i, r := range records {
		_ = client.Process(ctx, r, func(context.Context) error {
			if i == 1 {
				return errors.New("out of stock")
			}
			return nil
		})
	}
	_ = client.ProcessBatch(ctx, records, func(context.Context) error { return nil })
	defer func() { _ = recover() }()
	_ = client.Process(ctx, records[0], func(context.Context) error { panic("boom") })
}
