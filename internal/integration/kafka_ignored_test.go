package integration

import (
	"context"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// TestIgnoredRecords consumes ten records as docs/kafka.md shows it for a topic that many
// applications share. The program ignores all records but one. Only this record may have a
// span and be counted. All records count as read, so the lag becomes 0.
func TestIgnoredRecords(t *testing.T) {
	const records = 10
	for name, consume := range map[string]func(t *testing.T, sdk *oteltest.SDK, brokers []string, wanted func([]byte) bool, read func()){
		"franz-go": ignoringFranz, "sarama": ignoringSarama, "kafka-go": ignoringKafkaGo,
	} {
		t.Run(name, func(t *testing.T) {
			cluster, sdk := fakeCluster(t), oteltest.New(t)
			cluster.CreateTopic(t, "quotes", 1, nil)
			writer := &kafka.Writer{Addr: kafka.TCP(cluster.Brokers()...), Topic: "quotes"}
			defer writer.Close()
			if err := writer.WriteMessages(within(t), messages(records)...); err != nil {
				t.Fatal(err)
			}
			seen := 0
			consume(t, sdk, cluster.Brokers(), func([]byte) bool { seen++; return seen == 3 }, func() {
				if seen < records {
					return
				}
				oteltest.Eventually(t, func() bool {
					gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
					return len(gauge.DataPoints) == 1 && gauge.DataPoints[0].Value == 0
				})
			})
			if s := sdk.Only(t); s.SpanKind() != trace.SpanKindConsumer {
				t.Errorf("the span is a %v span", s.SpanKind())
			}
			sum, _ := sdk.Metric(t, "kafka.consumer.records_consumed_total").(metricdata.Sum[int64])
			if len(sum.DataPoints) != 1 || sum.DataPoints[0].Value != 1 {
				t.Errorf("the counter of consumed records has %v, want 1", sum.DataPoints)
			}
		})
	}
}

func messages(n int) (all []kafka.Message) {
	for i := range n {
		all = append(all, kafka.Message{Value: []byte{byte(i)}})
	}
	return all
}

func ignoringFranz(t *testing.T, sdk *oteltest.SDK, brokers []string, wanted func([]byte) bool, read func()) {
	t.Helper()
	cl, err := kgotrace.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics("quotes"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgotrace.Opt(kafkaOptions(sdk)...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for polled := 0; polled < 10; {
		for _, r := range cl.PollFetches(within(t)).Records() {
			polled++
			if !wanted(r.Value) {
				continue
			}
			if err := cl.Process(within(t), r, nothing); err != nil {
				t.Error(err)
			}
		}
	}
	read()
}

func ignoringSarama(t *testing.T, sdk *oteltest.SDK, brokers []string, wanted func([]byte) bool, read func()) {
	t.Helper()
	config := saramaConfig(kafkasuite.Producing{})
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	group, err := saramatrace.NewConsumerGroup(brokers, "stats", config, kafkaOptions(sdk)...)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	ctx, stop := context.WithCancel(within(t))
	err = group.Consume(ctx, []string{"quotes"}, saramaHandler(func(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
		defer stop()
		for range 10 {
			message := <-claim.Messages()
			if wanted(message.Value) {
				if err := group.Process(session.Context(), message, nothing); err != nil {
					return err
				}
			}
			session.MarkMessage(message, "")
		}
		read()
		return nil
	}))
	if err != nil {
		t.Error(err)
	}
}

func ignoringKafkaGo(t *testing.T, sdk *oteltest.SDK, brokers []string, wanted func([]byte) bool, read func()) {
	t.Helper()
	reader := kafkagotrace.NewReader(kafka.NewReader(kafka.ReaderConfig{
		Brokers: brokers, GroupID: "stats", Topic: "quotes", MaxWait: 100 * time.Millisecond,
	}), kafkaOptions(sdk)...)
	defer reader.Close()
	for range 10 {
		message, err := reader.FetchMessage(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if !wanted(message.Value) {
			continue
		}
		if err := reader.Process(within(t), message, nothing); err != nil {
			t.Error(err)
		}
	}
	read()
}
