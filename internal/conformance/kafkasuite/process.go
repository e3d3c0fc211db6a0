package kafkasuite

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// testForward sends a received record to another topic. The received record must not change.
func testForward(t *testing.T, s *site) {
	next := s.newTopic(t, 1, nil)
	received, _ := s.parent(t)
	p := s.producer(t, Producing{})
	r := s.record("one")
	r.Headers = []Header{{"source", []byte("a")}}
	mustSend(received, t, p, r)
	first := s.producing.Only(t)
	var before, after Record
	got := s.process(t, s.topic, 1, func(ctx context.Context, r Record) error {
		before = s.client.Record(r.Native)
		err := p.Forward(ctx, r, next)
		after = s.client.Record(r.Native)
		return err
	})[0]
	if !sameHeaders(before.Headers, after.Headers) {
		t.Errorf("the received record has the headers %v, had %v", after.Headers, before.Headers)
	}
	process, second := s.consuming.Only(t), s.producing.Wait(t, 2)[1]
	checkJoined(t, process, first)
	checkSend(t, second, sendSpan{topic: next, partition: "0", offset: "0"})
	if second.Parent().SpanID() != got.span().SpanID() {
		t.Errorf("the parent of the second send is %v, want %v", second.Parent().SpanID(), got.span().SpanID())
	}
	forwarded := s.cluster.Read(t, next)[0]
	if id := sent(t, forwarded); id.SpanID() != second.SpanContext().SpanID() {
		t.Errorf("the forwarded record has the span context %v, want %v", id.SpanID(), second.SpanContext().SpanID())
	}
	checkSameRecord(t, forwarded, *r)
}

// testStaleContext forwards a record twice: inside a span that the handler started, and
// after the handler has returned. Each send span must be a child of the span in the context
// that was passed to Forward.
func testStaleContext(t *testing.T, s *site) {
	next := s.newTopic(t, 1, nil)
	p := s.producer(t, Producing{})
	s.send(t, p, "one")
	var inner trace.SpanContext
	got := s.process(t, s.topic, 1, func(ctx context.Context, r Record) error {
		ctx, span := s.program.TracerProvider.Tracer("program").Start(ctx, "inner")
		defer span.End()
		inner = span.SpanContext()
		return p.Forward(ctx, r, next)
	})[0]
	ctx, later := s.parent(t)
	if err := p.Forward(ctx, got.Record, next); err != nil {
		t.Fatal(err)
	}
	sends := s.producing.Wait(t, 3)[1:]
	for i, want := range []trace.SpanContext{inner, later} {
		if sends[i].Parent().SpanID() != want.SpanID() {
			t.Errorf("the parent of forwarding %d is %v, want %v", i, sends[i].Parent().SpanID(), want.SpanID())
		}
		if id := sent(t, s.cluster.Read(t, next)[i]); id.SpanID() != sends[i].SpanContext().SpanID() {
			t.Errorf("record %d has the span context %v, want %v", i, id.SpanID(), sends[i].SpanContext().SpanID())
		}
	}
}

// testEmptyPolls polls while there are no records, and then receives one record. Only the
// record may have a span.
func testEmptyPolls(t *testing.T, s *site) {
	c := s.consumer(t, s.topic)
	if err := c.Poll(conformance.Within(t), 50); err != nil {
		t.Fatal(err)
	}
	if n := s.consuming.Started(); n != 0 {
		t.Fatalf("got %d spans for polls without records, want 0", n)
	}
	wrote := time.Now()
	s.cluster.Write(t, Record{Topic: s.topic, Value: []byte("one")})
	s.run(conformance.Within(t), t, c, 1, nil)
	if span := s.consuming.Only(t); span.StartTime().Before(wrote) {
		t.Error("the process span started before the record was written")
	}
}

// testPrefetched writes 100 records but processes only one record. Only the processed record
// may have a span.
func testPrefetched(t *testing.T, s *site) {
	s.write(t, 100)
	s.process(t, s.topic, 1, nil)
	if n := s.consuming.Started(); n != 1 {
		t.Errorf("got %d spans for 1 processed record", n)
	}
}

// testAmbient polls inside a span of the program. The parent of each process span must be
// the sender of the record, not the span of the program.
func testAmbient(t *testing.T, s *site) {
	senders := s.write(t, 3)
	ctx, _ := s.parent(t)
	s.run(ctx, t, s.consumer(t, s.topic), 3, nil)
	for i, span := range s.consuming.Wait(t, 3) {
		if span.Parent().SpanID() != senders[i].SpanID() || span.SpanContext().TraceID() != senders[i].TraceID() {
			t.Errorf("the parent of processing record %d is %v, want %v", i, span.Parent(), senders[i])
		}
		checkLinks(t, span, senders[i])
	}
}

// testAmbientParent uses ParentAmbient, and polls inside a span of the program. The span of
// the program must be the parent of each process span.
func testAmbientParent(t *testing.T, s *site) {
	senders := s.write(t, 2)
	ctx, ambient := s.parent(t)
	s.run(ctx, t, s.consumer(t, s.topic, kafkatrace.WithParent(kafkatrace.ParentAmbient)), 2, nil)
	for i, span := range s.consuming.Wait(t, 2) {
		if span.Parent().SpanID() != ambient.SpanID() {
			t.Errorf("the parent of processing record %d is %v, want %v", i, span.Parent().SpanID(), ambient.SpanID())
		}
		checkLinks(t, span, senders[i])
	}
}

// testLinksOnly uses ParentNone. Each process span must start a new trace, and have a link
// to the sender of the record.
func testLinksOnly(t *testing.T, s *site) {
	senders := s.write(t, 2)
	s.process(t, s.topic, 2, nil, kafkatrace.WithParent(kafkatrace.ParentNone))
	for i, span := range s.consuming.Wait(t, 2) {
		if span.Parent().IsValid() || span.SpanContext().TraceID() == senders[i].TraceID() {
			t.Errorf("the parent of processing record %d is %v, want none in a new trace", i, span.Parent())
		}
		checkLinks(t, span, senders[i])
	}
}

var errHandler = errors.New("the handler stops")

// testEarlyReturn uses a handler that returns an error for the first of ten records. Another
// consumer then receives all ten records. Each of the two attempts to process the first
// record must have its own span.
func testEarlyReturn(t *testing.T, s *site) {
	senders := s.write(t, 10)
	goroutines(t)
	c := s.consumer(t, s.topic)
	err := c.Run(conformance.Within(t), func(context.Context, Record) error { return errHandler })
	if !errors.Is(err, errHandler) {
		t.Errorf("Run returned %v, want the error of the handler", err)
	}
	c.Close()
	failed := s.consuming.Only(t)
	if attrs := oteltest.Map(failed.Attributes()); attrs["error.type"] == "" || failed.Status().Code.String() != "Error" {
		t.Errorf("the span has the status %v and the attributes %v", failed.Status(), attrs)
	}
	got := s.process(t, s.topic, 10, nil)
	again := s.consuming.Wait(t, 11)[1]
	checkProcess(t, again, s.group, got[0].Record, "")
	checkLinks(t, failed, senders[0])
	checkLinks(t, again, senders[0])
	if failed.SpanContext().SpanID() == again.SpanContext().SpanID() {
		t.Error("two attempts have the same span")
	}
}

// testRebalance adds a second member to the group while the first member processes a record.
// The test runs once for a record of partition 0, and once for a record of partition 1.
func testRebalance(t *testing.T, s *site) {
	for partition := range int32(2) {
		t.Run(strconv.Itoa(int(partition)), func(t *testing.T) {
			again := newSite(t, s.client, s.cluster, s.mode)
			rebalance(t, again, partition)
			again.checkNothingLost(t)
		})
	}
}

// rebalance blocks the handler of the first member at the first record of a partition. The
// parameter held is the number of this partition. The handler continues when the second
// member gets a record, or after two seconds.
func rebalance(t *testing.T, s *site, held int32) {
	t.Helper()
	const partitions, records = 2, 3
	topic := s.newTopic(t, partitions, nil)
	for i := range partitions * records {
		s.cluster.Write(t, Record{Topic: topic, Partition: int32(i % partitions), Value: []byte("x"), Headers: []Header{carrying(foreign(i + 1))}})
	}
	ctx, stop := context.WithTimeout(conformance.Within(t), 30*time.Second)
	defer stop()
	var mu sync.Mutex
	runs := map[[2]int64]int{} // number of handler calls for each partition and offset
	at, taken := make(chan struct{}), make(chan struct{})
	holding, taking := sync.OnceFunc(func() { close(at) }), sync.OnceFunc(func() { close(taken) })
	var wait sync.WaitGroup
	member := func(handle func(Record)) {
		c := s.consumer(t, topic) // may already join the group, before Run is called
		wait.Go(func() {
			if err := c.Run(ctx, func(_ context.Context, r Record) error {
				mu.Lock()
				runs[[2]int64{int64(r.Partition), r.Offset}]++
				mu.Unlock()
				handle(r)
				return nil
			}); err != nil {
				t.Error(err)
			}
			c.Close()
		})
	}
	member(func(r Record) {
		if r.Partition == held && r.Offset == 0 {
			holding()
			select {
			case <-taken:
			case <-time.After(2 * time.Second): // Some clients do not release a partition before the handler returns.
			}
		}
	})
	await(t, at)
	member(func(Record) { taking() })
	total := func() (all int, distinct bool) {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range runs {
			all += n
		}
		return all, len(runs) == partitions*records
	}
	oteltest.Eventually(t, func() bool { _, every := total(); return every })
	stop()
	wait.Wait()
	all, _ := total()
	if s.consuming.Wait(t, all); s.consuming.Started() != all {
		t.Errorf("got %d spans for %d processed records", s.consuming.Started(), all)
	}
	checkRevoked(t, s, held, runs[[2]int64{int64(held), 0}] > 1)
}

// checkRevoked checks the spans for the first record of the partition. If another member
// took over the partition, one of these spans must have the event "partitions revoked".
func checkRevoked(t *testing.T, s *site, partition int32, taken bool) {
	t.Helper()
	for _, span := range s.consuming.Ended() {
		attrs := oteltest.Map(span.Attributes())
		if attrs["messaging.destination.partition.id"] != strconv.Itoa(int(partition)) || attrs["messaging.kafka.offset"] != "0" {
			continue
		}
		hasEvent := slices.ContainsFunc(span.Events(), func(e sdktrace.Event) bool { return e.Name == "partitions revoked" })
		t.Logf("span of partition %d: record processed again: %t, span has the event: %t", partition, taken, hasEvent)
		if hasEvent {
			return
		}
	}
	if taken && s.client.Lacks(Revocations) == "" {
		t.Errorf("no span of partition %d has the event \"partitions revoked\"", partition)
	}
}

// testTombstones sends and processes records with null values, empty values and other
// values, with and without keys. Only spans for null values may have the attribute
// messaging.kafka.message.tombstone.
func testTombstones(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	for i, r := range []Record{
		{Key: []byte("key"), Value: nil},
		{Key: nil, Value: nil},
		{Key: []byte("key"), Value: []byte{}},
		{Key: nil, Value: []byte{}},
		{Key: []byte("key"), Value: []byte("x")},
	} {
		r.Topic = s.topic
		mustSend(conformance.Within(t), t, p, &r)
		want := ""
		if r.Value == nil {
			want = "true"
		}
		if got := oteltest.Map(s.producing.Wait(t, i+1)[i].Attributes())["messaging.kafka.message.tombstone"]; got != want {
			t.Errorf("send %d: tombstone is %q, want %q", i, got, want)
		}
	}
	s.process(t, s.topic, 5, nil)
	keepsNulls := s.client.Lacks(Nulls) == ""
	for i, span := range s.consuming.Wait(t, 5) {
		want := ""
		if i < 2 && keepsNulls {
			want = "true"
		}
		if got := oteltest.Map(span.Attributes())["messaging.kafka.message.tombstone"]; got != want {
			t.Errorf("process %d: tombstone is %q, want %q", i, got, want)
		}
	}
}
