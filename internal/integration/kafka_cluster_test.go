package integration

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/nais/spor/internal/conformance/kafkasuite"
)

// plainKafka is a client without tracing.
type plainKafka struct {
	brokers []string
	tls     *tls.Config
}

func (k *plainKafka) Brokers() []string { return k.brokers }

func (k *plainKafka) TLS() *tls.Config { return k.tls }

func (k *plainKafka) client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	opts = append(opts, kgo.SeedBrokers(k.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if k.tls != nil {
		opts = append(opts, kgo.DialTLSConfig(k.tls))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (k *plainKafka) CreateTopic(t *testing.T, name string, partitions int32, config map[string]string) {
	t.Helper()
	client := k.client(t)
	defer client.Close()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
	for key, value := range config {
		setting := kmsg.NewCreateTopicsRequestTopicConfig()
		setting.Name, setting.Value = key, &value
		topic.Configs = append(topic.Configs, setting)
	}
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics, request.TimeoutMillis = append(request.Topics, topic), 10_000
	response, err := request.RequestWith(within(t), client)
	if err == nil {
		err = kerr.ErrorForCode(response.Topics[0].ErrorCode)
	}
	if err != nil {
		t.Fatalf("topic %s: %v", name, err)
	}
}

func (k *plainKafka) Write(t *testing.T, records ...kafkasuite.Record) {
	t.Helper()
	client := k.client(t)
	defer client.Close()
	native := make([]*kgo.Record, 0, len(records))
	for _, r := range records {
		native = append(native, &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: kgoHeaders(r.Headers)})
	}
	if err := client.ProduceSync(within(t), native...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func (k *plainKafka) Read(t *testing.T, topic string) []kafkasuite.Record {
	t.Helper()
	client := k.client(t, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	defer client.Close()
	ctx := within(t)
	left := k.ends(t, client, topic)
	var read []kafkasuite.Record
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("read only %d records of %s, want to reach the offsets %v", len(read), topic, left)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() {
				read = append(read, kafkaRecord(r))
			}
		})
	}
	slices.SortStableFunc(read, func(a, b kafkasuite.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return read
}

// The method ends returns, for each partition, the offset at which the committed records end. It
// leaves out empty partitions.
func (k *plainKafka) ends(t *testing.T, client *kgo.Client, topic string) map[int32]int64 {
	t.Helper()
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
	described, err := metadata.RequestWith(within(t), client)
	if err != nil {
		t.Fatal(err)
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID, request.IsolationLevel = -1, 1
	wanted := kmsg.NewListOffsetsRequestTopic()
	wanted.Topic = topic
	for i := range described.Topics[0].Partitions {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Partition, partition.Timestamp = int32(i), -1
		wanted.Partitions = append(wanted.Partitions, partition)
	}
	request.Topics = append(request.Topics, wanted)
	listed, err := request.RequestWith(within(t), client)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[int32]int64{}
	for _, p := range listed.Topics[0].Partitions {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			t.Fatal(err)
		}
		if p.Offset > 0 {
			ends[p.Partition] = p.Offset
		}
	}
	return ends
}

// The function within returns a context with a timeout, for calls that must not hang.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func kgoHeaders(headers []kafkasuite.Header) []kgo.RecordHeader {
	var native []kgo.RecordHeader
	for _, h := range headers {
		native = append(native, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	return native
}

func kafkaRecord(r *kgo.Record) kafkasuite.Record {
	record := kafkasuite.Record{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value, Native: r,
	}
	for _, h := range r.Headers {
		record.Headers = append(record.Headers, kafkasuite.Header{Key: h.Key, Value: h.Value})
	}
	return record
}

// fakeKafka is a cluster of one broker inside this process.
type fakeKafka struct {
	plainKafka

	opts    []kfake.Opt
	cluster *kfake.Cluster
}

// fakeCluster starts a cluster that is closed at the end of the test.
func fakeCluster(t *testing.T) kafkasuite.Cluster {
	t.Helper()
	k := &fakeKafka{opts: []kfake.Opt{
		kfake.NumBrokers(1), kfake.DataDir(t.TempDir()),
		kfake.GroupMinSessionTimeout(time.Second), kfake.SleepOutOfOrder(),
	}}
	k.start(t)
	k.brokers = k.cluster.ListenAddrs()
	t.Cleanup(func() { k.cluster.Close() })
	return k
}

func (k *fakeKafka) start(t *testing.T, opts ...kfake.Opt) {
	t.Helper()
	cluster, err := kfake.NewCluster(append(opts, k.opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	k.cluster = cluster
}

func (k *fakeKafka) Restart(t *testing.T) {
	t.Helper()
	k.cluster.Close()
	k.start(t, kfake.Ports(portOf(t, k.brokers[0])))
}

func (k *fakeKafka) Faults() kafkasuite.Faults { return k }

func (k *fakeKafka) NotLeader(topic string, times int) (hits func() int) {
	return k.cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotLeaderForPartition, Count: times,
	}).Hits
}

func (k *fakeKafka) Hold(t *testing.T) (held, release func()) {
	t.Helper()
	came, gate := make(chan struct{}, 1), make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(open)
	k.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		select {
		case <-gate:
			return nil, nil, false
		default:
		}
		k.cluster.KeepControl()
		select {
		case came <- struct{}{}:
		default:
		}
		k.cluster.SleepControl(func() { <-gate })
		return nil, nil, false
	})
	return func() { receive(t, came) }, open
}

func receive(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-within(t).Done():
		t.Fatal("the condition was not met in time")
	}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return number
}
