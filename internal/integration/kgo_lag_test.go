package integration

import (
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// An outage makes a broker fail each fetch from now on. It returns the number of failed
// fetches.
type outage func(*kfake.Cluster) (failed func() int)

var outages = map[string]outage{
	"not leader": func(c *kfake.Cluster) func() int {
		return c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "quotes", Err: kerr.NotLeaderForPartition, Count: -1}).Hits
	},
	"connection closed": func(c *kfake.Cluster) func() int {
		var failed atomic.Int64
		c.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			failed.Add(1)
			return nil, errors.New("closed"), true
		})
		return func() int { return int(failed.Load()) }
	},
}

// behind returns a consumer, and its cluster with the topics quotes and other. The consumer
// has polled 2 of 10 records of quotes. Each fetch contains at most one record.
func behind(t *testing.T, sdk *oteltest.SDK, opts ...kgo.Opt) (*kfake.Cluster, *kgotrace.Client) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "quotes", "other"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	producer := kgoClient(t, c, kgo.DefaultProduceTopic("quotes"), kgo.ProducerBatchCompression(kgo.NoCompression()))
	for range 10 {
		kgoProduce(t, producer, &kgo.Record{Value: make([]byte, 1000)})
	}
	cl := kgoTraced(t, sdk, c, append([]kgo.Opt{
		kgo.ConsumeTopics("quotes"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(1000), kgo.FetchMaxPartitionBytes(1000), kgo.FetchMaxWait(10 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }),
	}, opts...)...)
	kgoPoll(t, cl, 2)
	mustLagOf(t, sdk, 9, 8)
	return c, cl
}

// mustLagOf checks that each of the next collections reports one of the lags in want.
func mustLagOf(t *testing.T, sdk *oteltest.SDK, want ...int64) {
	t.Helper()
	for range 2 {
		got := lagOf(t, sdk, "quotes")
		ok := false
		for _, lag := range want {
			ok = ok || got == lag
		}
		if !ok {
			t.Errorf("the lag is %d, want one of %d", got, want)
		}
	}
}

// TestKgoLagInOutage checks that a consumer that is behind keeps its lag while it gets no
// records.
func TestKgoLagInOutage(t *testing.T) {
	for name, fail := range outages {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			c, cl := behind(t, sdk)
			oteltest.Eventually(t, func() bool { return cl.BufferedFetchRecords() == 1 })
			failed := fail(c)
			kgoPoll(t, cl, 1)
			oteltest.Eventually(t, func() bool { return failed() > 5 })
			mustLagOf(t, sdk, 8, 7)
		})
	}
}

// TestKgoLagAfterSeek checks that a consumer that the program moves back does not lose its
// lag before it gets records.
func TestKgoLagAfterSeek(t *testing.T) {
	for name, fail := range outages {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			c, cl := behind(t, sdk)
			failed := fail(c)
			cl.SetOffsets(map[string]map[int32]kgo.EpochOffset{"quotes": {0: {Epoch: -1, Offset: 1}}})
			oteltest.Eventually(t, func() bool { return failed() > 5 })
			mustLagOf(t, sdk, 9, 8)
		})
	}
}

// TestKgoLagAfterRebalance checks the same for a consumer that gets its partition again.
func TestKgoLagAfterRebalance(t *testing.T) {
	for name, fail := range outages {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			group := []kgo.Opt{
				kgo.ConsumerGroup("stats"), kgo.Balancers(kgo.RangeBalancer()), kgo.HeartbeatInterval(50 * time.Millisecond),
			}
			c, cl := behind(t, sdk, group...)
			failed := fail(c)
			_, before := cl.GroupMetadata()
			kgoClient(t, c, append(group, kgo.ConsumeTopics("other"))...)
			oteltest.Eventually(t, func() bool {
				_, now := cl.GroupMetadata()
				return now > before && len(cl.CommittedOffsets()["quotes"]) == 1
			})
			already := failed()
			oteltest.Eventually(t, func() bool { return failed() > already+5 })
			mustLagOf(t, sdk, 9, 8)
		})
	}
}

// TestKgoLagOfPaused checks that a partition that is paused keeps its lag while the client
// fetches other partitions from the same broker.
func TestKgoLagOfPaused(t *testing.T) {
	for name, fail := range outages {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			c, cl := behind(t, sdk, kgo.ConsumeTopics("quotes", "other"))
			cl.PauseFetchPartitions(map[string][]int32{"quotes": {0}})
			producer := kgoClient(t, c, kgo.DefaultProduceTopic("other"))
			for i := range 5 {
				kgoProduce(t, producer, kgo.StringRecord(strconv.Itoa(i)))
				kgoPoll(t, cl, 1)
			}
			mustLagOf(t, sdk, 9, 8)
			failed := fail(c)
			cl.ResumeFetchPartitions(map[string][]int32{"quotes": {0}})
			oteltest.Eventually(t, func() bool { return failed() > 5 })
			mustLagOf(t, sdk, 9, 8)
		})
	}
}

// TestKgoLagBeforePoll checks that a partition without a polled record never has the lag 0
// while it has records: when its first records are dropped because it is paused, the client
// does not know the high watermark.
func TestKgoLagBeforePoll(t *testing.T) {
	sdk := oteltest.New(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "quotes", "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	producer := kgoClient(t, c, kgo.DefaultProduceTopic("quotes"))
	kgoProduce(t, producer, kgo.StringRecord("a"))
	cl := kgoTraced(t, sdk, c, kgo.ConsumeTopics("quotes", "other"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(10*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }))
	oteltest.Eventually(t, func() bool { return cl.BufferedFetchRecords() == 1 })
	cl.PauseFetchPartitions(map[string][]int32{"quotes": {0}})
	kgoProduce(t, producer, &kgo.Record{Topic: "other"})
	kgoPoll(t, cl, 1) // drops the record of quotes
	failed := outages["not leader"](c)
	cl.ResumeFetchPartitions(map[string][]int32{"quotes": {0}})
	oteltest.Eventually(t, func() bool { return failed() > 5 })
	mustLagOf(t, sdk, -1)
}

// TestKgoLagOfPolledPart checks the lag of a consumer that polls only a part of a fetch.
func TestKgoLagOfPolledPart(t *testing.T) {
	sdk := oteltest.New(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "quotes"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	records := make([]*kgo.Record, 100)
	for i := range records {
		records[i] = kgo.StringRecord("x")
	}
	kgoProduce(t, kgoClient(t, c, kgo.DefaultProduceTopic("quotes")), records...)
	cl := kgoTraced(t, sdk, c, kgo.ConsumeTopics("quotes"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(10*time.Millisecond))
	for _, polled := range []int{10, 50, 40} {
		kgoPoll(t, cl, polled)
		lagOf(t, sdk, "quotes") // forgets the greatest lag of before
		mustLagOf(t, sdk, []int64{10: 90, 50: 40, 40: 0}[polled])
	}
}

// TestKgoOwnOrder checks that a program keeps its own order of partitions.
func TestKgoOwnOrder(t *testing.T) {
	var called atomic.Bool
	own := func(map[string]map[int32]int64, []string, map[string][]int32) ([]string, map[string][]int32) {
		called.Store(true)
		return nil, nil
	}
	sdk := oteltest.New(t)
	behind(t, sdk, kgo.ConsumePreferringLagFn(own))
	if !called.Load() {
		t.Error("the function of the program was not called")
	}
}
