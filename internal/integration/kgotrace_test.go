package integration

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// kafkaOptions make a tracer use sdk.
func kafkaOptions(sdk *oteltest.SDK, opts ...kafkatrace.Option) []kafkatrace.Option {
	return append([]kafkatrace.Option{
		kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider),
		kafkatrace.WithPropagator(sdk.Propagator),
	}, opts...)
}

// kgoCluster starts a broker with topics of three partitions.
func kgoCluster(tb testing.TB, topics ...string) *kfake.Cluster {
	tb.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topics...))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

func kgoClient(tb testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cl.CloseAllowingRebalance)
	return cl
}

func TestKgoSmoke(t *testing.T) {
	sdk := oteltest.New(t)
	c := kgoCluster(t, "quotes")
	cl := kgoClient(t, c, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("quotes"), kgo.ClientID("me"), kgo.DefaultProduceTopic("quotes"), kgotrace.Opt(kafkaOptions(sdk)...))
	if err := cl.ProduceSync(t.Context(), kgo.StringRecord("x")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	fs := kgotrace.Fetched(cl, cl.PollFetches(t.Context()))
	fs.EachRecord(func(r *kgo.Record) {
		kgotrace.Process(t.Context(), cl, r, func(context.Context) error { return nil })
	})
	for _, s := range sdk.Ended() {
		t.Log(s.Name(), s.SpanKind(), s.SpanContext().SpanID(), s.Parent().SpanID(), s.Attributes(), len(s.Links()), s.Status())
	}
	t.Log(sdk.Metric(t, "kafka.consumer.records_lag_max"))
}
