package integration

import (
	"context"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// mustLastLag checks that the next collection reports a lag from least to 10, and that the
// collection after it reports none.
func mustLastLag(t *testing.T, sdk *oteltest.SDK, least int64) {
	t.Helper()
	if got := lagOf(t, sdk, "quotes"); got < least || got > 10 {
		t.Errorf("the last lag is %d, want %d to 10", got, least)
	}
	if got := lagOf(t, sdk, "quotes"); got != -1 {
		t.Errorf("the lag after the last lag is %d, want none", got)
	}
}

// TestLastLag closes consumers before the metrics are collected, when they have got 4 of 10
// records.
func TestLastLag(t *testing.T) {
	for name, consume := range map[string]consuming{"kafka-go": kafkaGoConsuming, "sarama": saramaConsuming} {
		for _, group := range []string{"", "stats"} {
			t.Run(name+" "+group, func(t *testing.T) {
				k := fakeCluster(t)
				k.CreateTopic(t, "quotes", 1, nil)
				producer, err := kgo.NewClient(kgo.SeedBrokers(k.Brokers()...), kgo.DefaultProduceTopic("quotes"))
				if err != nil {
					t.Fatal(err)
				}
				defer producer.Close()
				for i := range 10 {
					kgoProduce(t, producer, kgo.StringRecord(strconv.Itoa(i)))
				}
				sdk := oteltest.New(t)
				ctx, cancel := context.WithCancel(within(t))
				seen := 0
				consume(ctx, t, sdk, k.Brokers(), "quotes", group, func(string) {
					if seen++; seen == 4 {
						cancel()
					}
				})
				if seen < 4 {
					t.Errorf("got %d records, want at least 4", seen)
				}
				mustLastLag(t, sdk, 6)
			})
		}
	}
}

// TestKgoLastLag does the same for franz-go.
func TestKgoLastLag(t *testing.T) {
	for name, closing := range map[string]func(*kgotrace.Client){
		"Close": (*kgotrace.Client).Close, "CloseAllowingRebalance": (*kgotrace.Client).CloseAllowingRebalance,
		"the embedded client": func(cl *kgotrace.Client) { cl.Client.Close() },
		"LeaveGroup":          func(cl *kgotrace.Client) { cl.LeaveGroup(); cl.Close() },
		"twice":               func(cl *kgotrace.Client) { cl.Close(); cl.Close() },
	} {
		for _, group := range []string{"", "stats"} {
			t.Run(name+" "+group, func(t *testing.T) {
				sdk := oteltest.New(t)
				var opts []kgo.Opt
				if group != "" {
					opts = append(opts, kgo.ConsumerGroup(group))
				}
				_, cl := behind(t, sdk, opts...)
				kgoPoll(t, cl, 1)
				closing(cl)
				mustLastLag(t, sdk, 7)
			})
		}
	}
}

// TestKgoLastLagOfLostPartition closes a client that no longer has the partition. Its lag must
// not be reported.
func TestKgoLastLagOfLostPartition(t *testing.T) {
	sdk := oteltest.New(t)
	c, cl := behind(t, sdk, kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("quotes", "other"))
	kgoProduce(t, kgoClient(t, c, kgo.DefaultProduceTopic("other")), kgo.StringRecord("a"))
	kgoPoll(t, cl, 9) // all other records
	cl.PurgeTopicsFromClient("quotes")
	oteltest.Eventually(t, func() bool {
		has := cl.UncommittedOffsets()
		return len(has["quotes"]) == 0 && len(has["other"]) == 1
	})
	cl.Close()
	if got := lagOf(t, sdk, "quotes"); got != -1 {
		t.Errorf("the lag is %d, want none", got)
	}
}
