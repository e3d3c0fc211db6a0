package stock_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
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
}
