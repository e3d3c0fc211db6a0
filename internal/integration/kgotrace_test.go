package integration

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// kafkaOptions returns opts, and options for a tracer that uses sdk.
func kafkaOptions(sdk *oteltest.SDK, opts ...kafkatrace.Option) []kafkatrace.Option {
	return append([]kafkatrace.Option{
		kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider),
		kafkatrace.WithPropagator(sdk.Propagator),
	}, opts...)
}

// kgoCluster starts a broker. Each of its topics has three partitions.
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

func kgoTraced(tb testing.TB, sdk *oteltest.SDK, c *kfake.Cluster, opts ...kgo.Opt) *kgotrace.Client {
	tb.Helper()
	cl, err := kgotrace.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic("quotes"), kgo.ClientID("tester"),
		kgo.MetadataMinAge(20 * time.Millisecond), kgotrace.Opt(kafkaOptions(sdk)...),
	}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cl.CloseAllowingRebalance)
	return cl
}

func kgoConsumer(tb testing.TB, sdk *oteltest.SDK, c *kfake.Cluster, opts ...kgo.Opt) *kgotrace.Client {
	tb.Helper()
	return kgoTraced(tb, sdk, c, append([]kgo.Opt{
		kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("quotes"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, opts...)...)
}

// A kgoProducer is a client with or without tracing.
type kgoProducer interface {
	ProduceSync(ctx context.Context, records ...*kgo.Record) kgo.ProduceResults
}

func kgoProduce(tb testing.TB, cl kgoProducer, records ...*kgo.Record) {
	tb.Helper()
	if err := cl.ProduceSync(tb.Context(), records...).FirstErr(); err != nil {
		tb.Fatal(err)
	}
}

// kgoPoll polls cl until it has n records, and returns these records.
func kgoPoll(tb testing.TB, cl *kgotrace.Client, n int) []*kgo.Record {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(records) < n {
		fetches := cl.PollRecords(ctx, n-len(records))
		if err := fetches.Err0(); err != nil {
			tb.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

func kgoMap(s sdktrace.ReadOnlySpan) map[string]string { return oteltest.Map(s.Attributes()) }

// kgoNamed returns the ended spans with this name. The span that ended first comes first.
func kgoNamed(sdk *oteltest.SDK, name string) []sdktrace.ReadOnlySpan {
	return slices.DeleteFunc(slices.Clone(sdk.Ended()), func(s sdktrace.ReadOnlySpan) bool { return s.Name() != name })
}

func nothing(context.Context) error { return nil }

func isChild(child, parent sdktrace.ReadOnlySpan) bool {
	return child.Parent().TraceID() == parent.SpanContext().TraceID() && child.Parent().SpanID() == parent.SpanContext().SpanID()
}

func TestKgoRoundTrip(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	r := &kgo.Record{Key: []byte("01017012345"), Value: []byte("value"), Headers: []kgo.RecordHeader{{Key: "type", Value: []byte("created")}}}
	ctx, parent := sdk.TracerProvider.Tracer("").Start(t.Context(), "POST /quotes")
	if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
		t.Fatal(err)
	}
	parent.End()
	got := kgoPoll(t, cl, 1)[0]
	if err := cl.Process(t.Context(), got, nothing); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Key, r.Key) || !bytes.Equal(got.Value, r.Value) || len(got.Headers) != 2 || got.Headers[0].Key != "type" || got.Headers[1].Key != "traceparent" {
		t.Errorf("on the wire: %q %q %q", got.Key, got.Value, got.Headers)
	}
	spans := sdk.Wait(t, 3)
	sent, work, processed := spans[0], spans[1], spans[2]
	if sent.Name() != "quotes publish" || processed.Name() != "quotes process" || !isChild(sent, work) || !isChild(processed, sent) {
		t.Errorf("%s, %s: the spans are not in one trace", sent.Name(), processed.Name())
	}
	if links := processed.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != sent.SpanContext().SpanID() {
		t.Errorf("links: got %v", links)
	}
	for _, s := range []sdktrace.ReadOnlySpan{sent, processed} {
		attrs := kgoMap(s)
		for key, want := range map[string]string{
			"messaging.destination.name": "quotes", "messaging.destination.partition.id": strconv.Itoa(int(got.Partition)),
			"messaging.kafka.offset": "0", "messaging.client.id": "tester", "messaging.kafka.message.key": "", "messaging.kafka.message.tombstone": "",
		} {
			if attrs[key] != want {
				t.Errorf("%s: got %s %q, want %q", s.Name(), key, attrs[key], want)
			}
		}
	}
	if got := kgoMap(processed)["messaging.consumer.group.name"]; got != "stats" {
		t.Errorf("group: got %q", got)
	}
}

func TestKgoRetriesAreOneSend(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 3})
	kgoProduce(t, cl, kgo.StringRecord("x"))
	if s := sdk.Only(t); s.Status().Code != codes.Unset || kgoMap(s)["messaging.kafka.offset"] != "0" {
		t.Errorf("got %v, %v", s.Status(), s.Attributes())
	}
	if r := kgoPoll(t, cl, 1)[0]; len(r.Headers) != 1 {
		t.Errorf("got %q", r.Headers)
	}
}

func TestKgoHowSendingEnds(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	type row struct {
		opts  []kgo.Opt
		fault *kerr.Error
		send  func(cl *kgo.Client, done func(*kgo.Record, error))
		kind  string
	}
	produce := func(cl *kgo.Client, done func(*kgo.Record, error)) {
		cl.Produce(context.Background(), kgo.StringRecord("x"), done)
	}
	for name, tt := range map[string]row{
		"acknowledged":        {nil, nil, produce, ""},
		"no acknowledgements": {[]kgo.Opt{kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()}, nil, produce, ""},
		"refused":             {nil, kerr.MessageTooLarge, produce, "MESSAGE_TOO_LARGE"},
		"retried in vain":     {[]kgo.Opt{kgo.RecordRetries(1), kgo.DisableIdempotentWrite()}, kerr.NotEnoughReplicas, produce, "NOT_ENOUGH_REPLICAS"},
		"canceled": {nil, nil, func(cl *kgo.Client, done func(*kgo.Record, error)) {
			cl.Produce(canceled, kgo.StringRecord("x"), done)
		}, "canceled"},
		"no room": {[]kgo.Opt{kgo.MaxBufferedRecords(1), kgo.ManualFlushing()}, nil, func(cl *kgo.Client, done func(*kgo.Record, error)) {
			cl.Produce(context.Background(), kgo.StringRecord("first"), nil)
			cl.TryProduce(context.Background(), kgo.StringRecord("x"), done)
			cl.Flush(context.Background())
		}, "*errors.errorString"},
		"closed": {[]kgo.Opt{kgo.ProducerLinger(time.Minute)}, nil, func(cl *kgo.Client, done func(*kgo.Record, error)) {
			produce(cl, done)
			cl.Close()
		}, "*errors.errorString"},
		"after closing": {nil, nil, func(cl *kgo.Client, done func(*kgo.Record, error)) {
			cl.Close()
			produce(cl, done)
		}, "*errors.errorString"},
		"too late": {[]kgo.Opt{kgo.RecordDeliveryTimeout(time.Second), kgo.DisableIdempotentWrite()}, kerr.LeaderNotAvailable, produce, "*errors.errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
			cl := kgoTraced(t, sdk, c, tt.opts...)
			if tt.fault != nil {
				c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: tt.fault, Count: -1})
			}
			done := make(chan error, 1)
			tt.send(cl.Client, func(_ *kgo.Record, err error) { done <- err })
			err := <-done
			if (err != nil) != (tt.kind != "") {
				t.Errorf("returned %v", err)
			}
			oteltest.Eventually(t, func() bool { return sdk.Started() == len(sdk.Ended()) })
			s := kgoNamed(sdk, "quotes publish")[0]
			attrs := kgoMap(s)
			if attrs["error.type"] != tt.kind {
				t.Errorf("error.type: got %q, want %q (%v)", attrs["error.type"], tt.kind, err)
			}
			_, partition := attrs["messaging.destination.partition.id"]
			_, offset := attrs["messaging.kafka.offset"]
			if known := name == "acknowledged"; partition != known || offset != known {
				t.Errorf("place: got %v", attrs)
			}
		})
	}
}

type kgoMark struct{}

func TestKgoRecordsComeBackAsGiven(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	ctx, parent := sdk.TracerProvider.Tracer("").Start(context.WithValue(t.Context(), kgoMark{}, "mine"), "work")
	headers := append(make([]kgo.RecordHeader, 0, 4), kgo.RecordHeader{Key: "type", Value: []byte("created")})
	r := &kgo.Record{Value: []byte("x"), Headers: headers}
	for range 2 { // process the same record twice
		done := make(chan struct{})
		cl.Produce(ctx, r, func(got *kgo.Record, err error) {
			defer close(done)
			if err != nil || got != r || got.Context != ctx {
				t.Errorf("%v, the record %t, its context %t", err, got == r, got.Context == ctx)
			}
			if trace.SpanFromContext(got.Context) != parent {
				t.Error("another span")
			}
		})
		<-done
		if len(r.Headers) != 2 || r.Headers[0].Key != "type" || r.Headers[1].Key != "traceparent" || headers[:2][1].Key != "" {
			t.Errorf("headers: got %q", r.Headers)
		}
	}
	parent.End()
	for i, r := range kgoPoll(t, cl, 2) {
		if len(r.Headers) != 2 {
			t.Errorf("record %d on the wire: got %q", i, r.Headers)
		}
	}
	spans := sdk.Wait(t, 3)
	if !isChild(spans[0], spans[2]) || !isChild(spans[1], spans[2]) {
		t.Error("not siblings")
	}
}

func TestKgoSharedHeaders(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	shared := append(make([]kgo.RecordHeader, 0, 8), kgo.RecordHeader{Key: "type", Value: []byte("created")})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { cl.ProduceSync(t.Context(), &kgo.Record{Value: []byte("x"), Headers: shared}) })
	}
	wg.Wait()
	different := map[string]bool{}
	for _, r := range kgoPoll(t, cl, 20) {
		if len(r.Headers) != 2 {
			t.Errorf("got %q", r.Headers)
		}
		different[string(r.Headers[1].Value)] = true
	}
	if len(different) != 20 || shared[:2][1].Key != "" {
		t.Errorf("%d different spans, %q behind the end", len(different), shared[:2][1])
	}
}

// kgoPool is a pool of records. When records are returned to the pool, it sends a signal to
// the channel back.
type kgoPool struct{ back chan struct{} }

func (kgoPool) GetRecords(n int) []kgo.Record { return make([]kgo.Record, n) }
func (p kgoPool) PutRecords([]kgo.Record)     { p.back <- struct{}{} }

func TestKgoForwarding(t *testing.T) {
	for name, tt := range map[string]struct {
		pooled, same bool
	}{"headers": {false, false}, "the record": {false, true}, "a pooled record": {true, true}} {
		t.Run(name, func(t *testing.T) {
			sdk, c := oteltest.New(t), kgoCluster(t, "quotes", "dead")
			pool := kgoPool{make(chan struct{}, 1)}
			var opts []kgo.Opt
			if tt.pooled {
				opts = append(opts, kgo.WithPools(pool))
			}
			cl := kgoConsumer(t, sdk, c, opts...)
			kgoProduce(t, cl, kgo.StringRecord("x"))
			r := kgoPoll(t, cl, 1)[0]
			before := slices.Clone(r.Headers)
			cl.Process(t.Context(), r, func(ctx context.Context) error {
				next := &kgo.Record{Topic: "dead", Value: r.Value, Headers: r.Headers}
				if tt.same {
					next = r
					next.Topic = "dead"
				}
				if err := cl.ProduceSync(ctx, next).FirstErr(); err != nil {
					t.Error(err)
				}
				if !slices.EqualFunc(r.Headers, before, func(a, b kgo.RecordHeader) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }) {
					t.Errorf("consumed: got %q, want %q", r.Headers, before)
				}
				if tt.pooled {
					r.Recycle()
				}
				return nil
			})
			spans := sdk.Wait(t, 3)
			if !isChild(spans[1], spans[2]) || !isChild(spans[2], spans[0]) {
				t.Errorf("%s, %s, %s: each span must be the child of the one before", spans[0].Name(), spans[2].Name(), spans[1].Name())
			}
			if tt.pooled {
				<-pool.back
			}
		})
	}
}

func TestKgoPollingMakesNoSpans(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		cl.PollFetches(ctx)
		cancel()
	}
	if n := sdk.Started(); n != 0 {
		t.Errorf("got %d spans of empty polls, want none", n)
	}
	for range 100 {
		cl.Produce(t.Context(), kgo.StringRecord("x"), nil)
	}
	cl.Flush(t.Context())
	sdk.Forget()
	cl.Process(t.Context(), kgoPoll(t, cl, 1)[0], nothing)
	cl.Close()
	if n := sdk.Started(); n != 1 {
		t.Errorf("got %d spans of one record, want 1", n)
	}
}

func TestKgoPollLoopUnderSpan(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	kgoProduce(t, cl, kgo.StringRecord("x"), kgo.StringRecord("x"), kgo.StringRecord("x"))
	ctx, start := sdk.TracerProvider.Tracer("").Start(t.Context(), "start")
	traces := map[trace.TraceID]bool{}
	for _, r := range kgoPoll(t, cl, 3) {
		cl.Process(ctx, r, func(ctx context.Context) error {
			traces[trace.SpanContextFromContext(ctx).TraceID()] = true
			return nil
		})
	}
	start.End()
	if len(traces) != 3 || traces[start.SpanContext().TraceID()] {
		t.Errorf("%d traces, want 3", len(traces))
	}
}

func TestKgoBatch(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	for range 300 {
		cl.Produce(t.Context(), kgo.StringRecord("x"), nil)
	}
	cl.Flush(t.Context())
	sdk.Forget()
	if err := cl.ProcessBatch(t.Context(), kgoPoll(t, cl, 300), nothing); err != nil {
		t.Fatal(err)
	}
	s := sdk.Only(t)
	if attrs := kgoMap(s); len(s.Links()) != 128 || attrs["messaging.batch.message_count"] != "300" || attrs["spor.messaging.batch.unlinked_message_count"] != "172" {
		t.Errorf("%d links, %v", len(s.Links()), attrs)
	}
}

func TestKgoRebalanceInHandler(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	first := kgoConsumer(t, sdk, c, kgo.HeartbeatInterval(50*time.Millisecond))
	for p := range int32(3) {
		r := kgo.StringRecord("x")
		r.Partition = p
		kgoProduce(t, kgoClient(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic("quotes")), r)
	}
	records := kgoPoll(t, first, 3)
	mustEventuallyLag(t, sdk, 3)
	_, before := first.GroupMetadata()
	second := kgoConsumer(t, sdk, c, kgo.HeartbeatInterval(50*time.Millisecond))
	go second.PollFetches(t.Context())
	rebalanced := func() bool {
		_, now := first.GroupMetadata()
		kept := len(kgoAssigned(first))
		return now > before && kept > 0 && kept < 3
	}
	// handle processes the three records in nested calls. The innermost call waits until the second
	// client has got a partition. At this time, none of the three records is finished.
	var handle func(rest []*kgo.Record) error
	handle = func(rest []*kgo.Record) error {
		if len(rest) == 0 {
			oteltest.Eventually(t, rebalanced)
			return nil
		}
		return first.Process(t.Context(), rest[0], func(context.Context) error { return handle(rest[1:]) })
	}
	handle(records)
	kept := kgoAssigned(first)
	if len(kept) == 0 || len(kept) == 3 {
		t.Fatalf("the first member kept %d of 3 partitions, want 1 or 2", len(kept))
	}
	for _, s := range kgoNamed(sdk, "quotes process") {
		partition, _ := strconv.Atoi(kgoMap(s)["messaging.destination.partition.id"])
		has := kept[int32(partition)]
		if noted := len(s.Events()) == 1 && s.Events()[0].Name == "partitions revoked"; noted == has {
			t.Errorf("partition %d, still assigned: %t: got the events %v", partition, has, s.Events())
		}
	}
	mustEventuallyLag(t, sdk, len(kept))
}

// kgoAssigned returns the partitions of the topic quotes that are assigned to cl.
func kgoAssigned(cl *kgotrace.Client) map[int32]bool {
	all := map[int32]bool{}
	for _, offsets := range []map[string]map[int32]kgo.EpochOffset{cl.CommittedOffsets(), cl.UncommittedOffsets()} {
		for partition := range offsets["quotes"] {
			all[partition] = true
		}
	}
	return all
}

// mustEventuallyLag waits until the lag of exactly n partitions is reported.
func mustEventuallyLag(t *testing.T, sdk *oteltest.SDK, n int) {
	t.Helper()
	oteltest.Eventually(t, func() bool {
		gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
		return len(gauge.DataPoints) == n
	})
}

func TestKgoLag(t *testing.T) {
	sdk := oteltest.New(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "quotes"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cl := kgoTraced(t, sdk, c, kgo.ConsumeTopics("quotes"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for range 10 {
		kgoProduce(t, cl, kgo.StringRecord("x"))
	}
	for _, want := range []int64{7, 7, 4, 1} { // the maximum lag since the last collection of metrics
		kgoPoll(t, cl, 3)
		gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
		if len(gauge.DataPoints) != 1 || gauge.DataPoints[0].Value != want {
			t.Fatalf("got %v, want %d", gauge.DataPoints, want)
		}
		got := oteltest.Map(gauge.DataPoints[0].Attributes.ToSlice())
		if got["topic"] != "quotes" || got["partition"] != "0" || got["client-id"] != "tester" {
			t.Errorf("got %v", got)
		}
		if want == 4 {
			kgoProduce(t, cl, kgo.StringRecord("x"), kgo.StringRecord("x"))
		}
	}
	cl.Close()
	lagOf(t, sdk, "quotes") // a closed client reports its last lag once
	if gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64]); len(gauge.DataPoints) != 0 {
		t.Error("the lag of a closed client is still reported")
	}
}

func TestKgoCommit(t *testing.T) {
	type client = *kgotrace.Client
	for name, commit := range map[string]func(context.Context, client, ...*kgo.Record) error{
		"records":     func(ctx context.Context, cl client, r ...*kgo.Record) error { return cl.CommitRecords(ctx, r...) },
		"uncommitted": func(ctx context.Context, cl client, _ ...*kgo.Record) error { return cl.CommitUncommittedOffsets(ctx) },
		"marked": func(ctx context.Context, cl client, r ...*kgo.Record) error {
			cl.MarkCommitRecords(r...)
			return cl.CommitMarkedOffsets(ctx)
		},
		"fn": func(ctx context.Context, cl client, r ...*kgo.Record) error {
			return cl.Commit(ctx, func(ctx context.Context) error { return cl.Client.CommitRecords(ctx, r...) })
		},
		"fn that is measured itself": func(ctx context.Context, cl client, _ ...*kgo.Record) error {
			return cl.Commit(ctx, cl.CommitUncommittedOffsets)
		},
	} {
		t.Run(name, func(t *testing.T) {
			sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
			opts := []kgo.Opt{kgo.DisableAutoCommit(), kgotrace.Opt(kafkaOptions(sdk, kafkatrace.WithCommitSpans())...)}
			if name == "marked" {
				opts[0] = kgo.AutoCommitMarks()
			}
			cl, err := kgotrace.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumerGroup("stats"),
				kgo.ConsumeTopics("quotes"), kgo.DefaultProduceTopic("quotes"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
			if err != nil {
				t.Fatal(err)
			}
			defer cl.Close()
			kgoProduce(t, cl, kgo.StringRecord("x"))
			r := kgoPoll(t, cl, 1)[0]
			cl.Process(t.Context(), r, nothing)
			if err := commit(t.Context(), cl, r); err != nil {
				t.Fatal(err)
			}
			mustHaveCommitted(t, sdk)
		})
	}
}

// mustHaveCommitted checks that there is exactly one commit span, and that it has a link to
// the only process span.
func mustHaveCommitted(t *testing.T, sdk *oteltest.SDK) {
	t.Helper()
	commit, processed := kgoNamed(sdk, "commit"), kgoNamed(sdk, "quotes process")
	if len(commit) != 1 || len(commit[0].Links()) != 1 || commit[0].Links()[0].SpanContext.SpanID() != processed[0].SpanContext().SpanID() {
		t.Fatalf("got %v", commit)
	}
	if got := kgoMap(commit[0]); got["messaging.operation.type"] != "settle" || got["messaging.consumer.group.name"] != "stats" {
		t.Errorf("got %v", got)
	}
}

func TestKgoTransactions(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes", "stats")
	kgoProduce(t, kgoTraced(t, sdk, c), kgo.StringRecord("x"))
	s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("quotes"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.TransactionalID("stats"), kgo.DefaultProduceTopic("stats"),
		kgotrace.Opt(kafkaOptions(sdk)...))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cl := kgotrace.Wrap(s.Client())
	for _, try := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		r := kgoPoll(t, cl, 1)[0]
		if err := s.Begin(); err != nil {
			t.Fatal(err)
		}
		cl.Process(t.Context(), r, func(ctx context.Context) error {
			return s.ProduceSync(ctx, kgo.StringRecord("y")).FirstErr()
		})
		if committed, err := cl.End(t.Context(), s, try); err != nil || committed != bool(try) {
			t.Fatal(committed, err)
		}
	}
	commits, processed, sent := kgoNamed(sdk, "commit"), kgoNamed(sdk, "quotes process"), kgoNamed(sdk, "stats publish")
	if len(commits) != 2 || len(processed) != 2 || len(sent) != 2 {
		t.Fatalf("got %d commit spans, %d process spans and %d publish spans, want 2 of each", len(commits), len(processed), len(sent))
	}
	if got := commits[0]; got.Status().Code != codes.Error || kgoMap(got)["error.type"] != "aborted" {
		t.Errorf("aborted: got %v, %v", got.Status(), got.Attributes())
	}
	if got := commits[1]; got.Status().Code != codes.Unset {
		t.Errorf("committed: got %v", got.Status())
	}
	for i := range 2 {
		if sent[i].Status().Code != codes.Unset || !isChild(sent[i], processed[i]) {
			t.Errorf("send %d: got %v", i, sent[i].Status())
		}
		if links := commits[i].Links(); len(links) != 1 || links[0].SpanContext.SpanID() != processed[i].SpanContext().SpanID() {
			t.Errorf("end %d: links: got %v", i, links)
		}
	}
	if a, b := processed[0].Links(), processed[1].Links(); !a[0].SpanContext.Equal(b[0].SpanContext) {
		t.Error("the two process spans of one record have different links")
	}
}

func TestKgoClosedClient(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	kgoProduce(t, cl, kgo.StringRecord("x"))
	r := kgoPoll(t, cl, 1)[0]
	cl.Close()
	cl.Process(t.Context(), r, nothing)
	if len(kgoNamed(sdk, "quotes process")) != 1 {
		t.Error("no span")
	}
}

func TestKgoLeavesNoGoroutines(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	round := func() {
		cl := kgoConsumer(t, sdk, c)
		kgoProduce(t, cl, kgo.StringRecord("x"))
		cl.Process(t.Context(), kgoPoll(t, cl, 1)[0], nothing)
		cl.Close()
	}
	round()
	before := runtime.NumGoroutine()
	for range 5 {
		round()
	}
	oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestKgoTransactionsWithoutGroup(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoTraced(t, sdk, c, kgo.TransactionalID("outbox"))
	for _, try := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		kgoProduce(t, cl, kgo.StringRecord("x"))
		if err := cl.EndTransaction(t.Context(), try); err != nil {
			t.Fatal(err)
		}
		spans := kgoNamed(sdk, "commit")
		if len(spans) == 0 {
			t.Fatal("the transaction made no span")
		}
		last := spans[len(spans)-1]
		if failed := last.Status().Code == codes.Error; failed == bool(try) {
			t.Errorf("committed %t: status %v", try, last.Status())
		}
	}
}
