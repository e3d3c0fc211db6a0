package integration

import (
	"context"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
	"github.com/nais/spor/setup/setuptest"
)

// TestKafkaReadmeRows uses each client as the README shows it: the client sends one message
// and processes it. The test checks that this is enough for the Kafka card.
func TestKafkaReadmeRows(t *testing.T) {
	for name, row := range map[string]func(t *testing.T, brokers []string, lit func()){
		"franz-go": rowOfFranz, "sarama": rowOfSarama, "kafka-go": rowOfKafkaGo,
	} {
		t.Run(name, func(t *testing.T) {
			cluster := fakeCluster(t)
			cluster.CreateTopic(t, "quotes", 1, nil)
			recording := setuptest.Record(t)
			row(t, cluster.Brokers(), func() { recording.WantLit() })
		})
	}
}

func rowOfFranz(t *testing.T, brokers []string, lit func()) {
	t.Helper()
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...), kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("quotes"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DefaultProduceTopic("quotes"),
	}
	cl, err := kgotrace.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	kgoProduce(t, cl, kgo.StringRecord("x"))
	cl.PollFetches(within(t)).EachRecord(func(r *kgo.Record) {
		if err := cl.Process(within(t), r, nothing); err != nil {
			t.Error(err)
		}
	})
	lit()
}

func rowOfSarama(t *testing.T, brokers []string, lit func()) {
	t.Helper()
	config := saramaConfig(kafkasuite.Producing{})
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	producer, err := saramatrace.NewSyncProducer(brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if _, _, err = producer.SendMessageContext(within(t), &sarama.ProducerMessage{Topic: "quotes", Value: sarama.StringEncoder("x")}); err != nil {
		t.Fatal(err)
	}
	group, err := saramatrace.NewConsumerGroup(brokers, "stats", config)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	ctx, stop := context.WithCancel(within(t))
	err = group.Consume(ctx, []string{"quotes"}, saramaHandler(func(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
		defer stop()
		message := <-claim.Messages()
		err := group.Process(session.Context(), message, nothing)
		lit()
		return err
	}))
	if err != nil {
		t.Error(err)
	}
}

func rowOfKafkaGo(t *testing.T, brokers []string, lit func()) {
	t.Helper()
	writer := kafkagotrace.NewWriter(&kafka.Writer{Addr: kafka.TCP(brokers...), Topic: "quotes", BatchSize: 1})
	defer writer.Close()
	if err := writer.WriteMessages(within(t), kafka.Message{Value: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	config := kafka.ReaderConfig{Brokers: brokers, GroupID: "stats", Topic: "quotes", MaxWait: 100 * time.Millisecond}
	reader := kafkagotrace.NewReader(kafka.NewReader(config))
	defer reader.Close()
	message, err := reader.FetchMessage(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Process(within(t), message, nothing); err != nil {
		t.Error(err)
	}
	lit()
}
