package integration

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// A consuming consumes partition 0 of a topic from the start until ctx ends, and calls seen
// for each value. If group is not "", the consumer is a member of this group.
type consuming func(ctx context.Context, t *testing.T, sdk *oteltest.SDK, brokers []string, topic, group string, seen func(value string))

// lagConsumers contains the clients whose lag is tested with transactions.
var lagConsumers = map[string]consuming{
	"franz-go":                   franzConsuming(kgo.ReadCommitted()),
	"franz-go, read uncommitted": franzConsuming(kgo.ReadUncommitted()),
	"kafka-go":                   kafkaGoConsuming,
	"sarama":                     saramaConsuming,
}

func saramaConsuming(ctx context.Context, t *testing.T, sdk *oteltest.SDK, brokers []string, topic, group string, seen func(string)) {
	t.Helper()
	config := saramaConfig(kafkasuite.Producing{})
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	config.Net.ReadTimeout = time.Second // the lag becomes 0 after this time
	var err error
	if group == "" {
		err = saramaPartition(ctx, sdk, brokers, topic, config, seen)
	} else {
		err = saramaGroup(ctx, sdk, brokers, topic, group, config, seen)
	}
	if err != nil {
		t.Error(err)
	}
}

func saramaPartition(ctx context.Context, sdk *oteltest.SDK, brokers []string, topic string, config *sarama.Config, seen func(string)) error {
	consumer, err := saramatrace.NewConsumer(brokers, config, kafkaOptions(sdk)...)
	if err != nil {
		return err
	}
	partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		return errors.Join(err, consumer.Close())
	}
	for {
		select {
		case m := <-partition.Messages():
			_ = consumer.Process(ctx, m, nothing)
			seen(string(m.Value))
		case <-ctx.Done():
			return errors.Join(partition.Close(), consumer.Close())
		}
	}
}

func saramaGroup(ctx context.Context, sdk *oteltest.SDK, brokers []string, topic, group string, config *sarama.Config, seen func(string)) error {
	consumer, err := saramatrace.NewConsumerGroup(brokers, group, config, kafkaOptions(sdk)...)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		err = consumer.Consume(ctx, []string{topic}, saramaHandler(func(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
			for m := range claim.Messages() {
				_ = consumer.Process(s.Context(), m, nothing)
				s.MarkMessage(m, "")
				seen(string(m.Value))
			}
			return nil
		}))
	}
	return errors.Join(err, consumer.Close())
}

func franzConsuming(level kgo.IsolationLevel) consuming {
	return func(ctx context.Context, t *testing.T, sdk *oteltest.SDK, brokers []string, topic, group string, seen func(string)) {
		t.Helper()
		opts := []kgo.Opt{
			kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(level), kgo.FetchMaxWait(100 * time.Millisecond),
			kgotrace.Opt(kafkaOptions(sdk)...),
		}
		start := kgo.NewOffset().AtStart()
		if group == "" {
			opts = append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: start}}))
		} else {
			opts = append(opts, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(start))
		}
		cl, err := kgotrace.NewClient(opts...)
		if err != nil {
			t.Error(err)
			return
		}
		defer cl.CloseAllowingRebalance()
		for ctx.Err() == nil {
			cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { seen(string(r.Value)) })
		}
	}
}

func kafkaGoConsuming(ctx context.Context, t *testing.T, sdk *oteltest.SDK, brokers []string, topic, group string, seen func(string)) {
	t.Helper()
	reader := kafkagotrace.NewReader(kafka.NewReader(kafka.ReaderConfig{
		Brokers: brokers, Topic: topic, GroupID: group, StartOffset: kafka.FirstOffset,
		IsolationLevel: kafka.ReadCommitted, MaxWait: 100 * time.Millisecond,
	}), kafkaOptions(sdk)...)
	defer func() { _ = reader.Close() }()
	for ctx.Err() == nil {
		if m, err := reader.FetchMessage(ctx); err == nil {
			seen(string(m.Value))
		}
	}
}

// fillLagTopic writes 100 committed records and 500 aborted records to partition 0.
func fillLagTopic(t *testing.T, k *plainKafka, topic string) {
	t.Helper()
	client := k.client(t, kgo.TransactionalID(topic))
	defer client.Close()
	ctx := within(t)
	for _, transaction := range []struct {
		value string
		n     int
		end   kgo.TransactionEndTry
	}{{"committed", 100, kgo.TryCommit}, {"aborted", 500, kgo.TryAbort}} {
		err := client.BeginTransaction()
		for range transaction.n {
			client.Produce(ctx, &kgo.Record{Topic: topic, Value: []byte(transaction.value)}, nil)
		}
		err = errors.Join(err, client.Flush(ctx), client.EndTransaction(ctx, transaction.end))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// lagOf returns the recorded lag of partition 0 of topic. It returns -1 if no lag is
// recorded.
func lagOf(t *testing.T, sdk *oteltest.SDK, topic string) int64 {
	t.Helper()
	gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
	for _, p := range gauge.DataPoints {
		if attrs := oteltest.Map(p.Attributes.ToSlice()); attrs["topic"] == topic && attrs["partition"] == "0" {
			return p.Value
		}
	}
	return -1
}

// testLagOfTransactions checks that the lag becomes 0 when only control records and aborted
// records follow the last record that the consumer got.
func testLagOfTransactions(t *testing.T, cluster kafkasuite.Cluster, k *plainKafka) {
	t.Helper()
	topic := "lag-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	cluster.CreateTopic(t, topic, 1, nil)
	fillLagTopic(t, k, topic)
	for name, consume := range lagConsumers {
		for kind, group := range map[string]string{"direct": "", "group": topic + " " + name} {
			t.Run(name+", "+kind, func(t *testing.T) {
				sdk, committed := oteltest.New(t), atomic.Int64{}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					consume(ctx, t, sdk, k.brokers, topic, group, func(value string) {
						if value == "committed" {
							committed.Add(1)
						}
					})
				}()
				defer func() { cancel(); <-done }()
				oteltest.Eventually(t, func() bool { return committed.Load() == 100 })
				var last int64
				defer func() {
					if t.Failed() {
						t.Errorf("the lag is %d, want 0", last)
					}
				}()
				oteltest.Eventually(t, func() bool { last = lagOf(t, sdk, topic); return last == 0 })
			})
		}
	}
}

func TestLagOfTransactions(t *testing.T) {
	k := fakeCluster(t).(*fakeKafka)
	testLagOfTransactions(t, k, &k.plainKafka)
}
