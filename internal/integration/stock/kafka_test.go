package stock_test

import (
	"context"
	"testing"

	"github.com/IBM/sarama"
	"github.com/dnwe/otelsarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/otel"
)

// TestKotel checks the spans of kotel for a record that is sent, received and processed.
func TestKotel(t *testing.T) {
	const topic = "team.orders"
	e := export(t, func(ctx context.Context) {
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		tracer := kotel.NewTracer()
		c, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.WithHooks(kotel.NewKotel(kotel.WithTracer(tracer)).Hooks()...))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("order")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		for got := 0; got == 0; {
			c.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				_, span := tracer.WithProcessSpan(r)
				span.End()
				got++
			})
		}
	})
	e.mustHave(t, producer, topic+" publish", "messaging.destination.name", topic)
	e.mustHave(t, consumer, topic+" receive", "messaging.destination.name", topic)
	e.mustHave(t, consumer, topic+" process", "messaging.destination.name", topic)
	e.mustLight(t, "Operations: messaging", "Dependency detail", "Trace breakdowns")
	e.mustDarken(t)
}

// TestSarama checks the spans of otelsarama for a message that is sent and received.
func TestSarama(t *testing.T) {
	const topic = "team.orders"
	e := export(t, func(ctx context.Context) {
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		config := sarama.NewConfig()
		config.Producer.Return.Successes = true
		c, err := sarama.NewClient(broker.ListenAddrs(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		sender, err := sarama.NewSyncProducerFromClient(c)
		if err != nil {
			t.Fatal(err)
		}
		m := &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder("order")}
		otel.GetTextMapPropagator().Inject(ctx, otelsarama.NewProducerMessageCarrier(m))
		if _, _, err := otelsarama.WrapSyncProducer(config, sender).SendMessage(m); err != nil {
			t.Fatal(err)
		}
		receiver, err := sarama.NewConsumerFromClient(c)
		if err != nil {
			t.Fatal(err)
		}
		partition, err := otelsarama.WrapConsumer(receiver).ConsumePartition(topic, 0, sarama.OffsetOldest)
		if err != nil {
			t.Fatal(err)
		}
		<-partition.Messages()
		if err := partition.Close(); err != nil {
			t.Error(err)
		}
		for range partition.Messages() { // the span of the last message ends before the channel is closed
		}
	})
	e.mustHave(t, producer, topic+" publish", "messaging.destination.name", topic, "messaging.operation", "publish")
	e.mustHave(t, consumer, topic+" receive", "messaging.destination.name", topic, "messaging.operation", "receive")
	e.mustLight(t, "Operations: messaging", "Dependencies and service map", "Dependency detail", "Trace breakdowns")
	e.mustDarken(t)
}
