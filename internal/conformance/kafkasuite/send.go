package kafkasuite

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// testJoin sends a record inside a span of the program, and processes the record. All spans
// must be in one trace.
func testJoin(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	parent := s.send(t, p, "one")[0]
	got := s.process(t, s.topic, 1, nil)[0]

	send, process := s.producing.Only(t), s.consuming.Only(t)
	checkSend(t, send, s.acked(0))
	checkProcess(t, process, s.group, got.Record, "")
	checkJoined(t, process, send)
	if send.Parent().SpanID() != parent.SpanID() || send.SpanContext().TraceID() != parent.TraceID() {
		t.Errorf("the parent of the send is %v, want %v", send.Parent(), parent)
	}
	checkLinks(t, send)
	if got.span().SpanID() != process.SpanContext().SpanID() {
		t.Error("the handler does not run in the process span")
	}
	if id := sent(t, s.cluster.Read(t, s.topic)[0]); id.SpanID() != send.SpanContext().SpanID() || !id.IsSampled() {
		t.Errorf("the record has the span context %v, want %v", id, send.SpanContext())
	}
	if process.StartTime().Before(send.StartTime()) {
		t.Error("the process span started before the send span")
	}
}

// testMany sends records from several goroutines through one producer. Every second
// goroutine has a span in its context. Each record must have its own send span.
func testMany(t *testing.T, s *site) {
	const goroutines, records = 8, 10
	p := s.producer(t, Producing{})
	each(goroutines, func(i int) {
		ctx := conformance.Within(t)
		if i%2 == 0 {
			ctx, _ = s.parent(t)
		}
		var batch []*Record
		for j := range records {
			batch = append(batch, s.record(fmt.Sprintf("%d-%d", i, j)))
		}
		if err := p.SendAll(ctx, batch); err != nil {
			t.Error(err)
		}
	})
	const all = goroutines * records
	ids := map[trace.SpanID]bool{}
	for _, span := range s.producing.Wait(t, all) {
		ids[span.SpanContext().SpanID()] = true
	}
	if started := s.producing.Started(); started != all {
		t.Errorf("got %d spans for %d records", started, all)
	}
	for _, h := range s.process(t, s.topic, all, nil) {
		id := sent(t, h.Record).SpanID()
		if !ids[id] {
			t.Fatalf("a record has the span context %v, which is unknown or also in another record", id)
		}
		delete(ids, id)
	}
	for _, span := range s.consuming.Wait(t, all) {
		if !span.Parent().IsValid() {
			t.Error("a process span has no parent")
		}
	}
}

// testOptIn sets OTEL_SEMCONV_STABILITY_OPT_IN=messaging. Spans must then have the names of
// the conventions, and metrics whose names begin with "kafka." must not be recorded.
func testOptIn(t *testing.T, s *site) {
	t.Setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "messaging")
	s.send(t, s.producer(t, Producing{}), "one")
	s.process(t, s.topic, 1, nil)
	send, process := s.producing.Only(t), s.consuming.Only(t)
	if send.Name() != "send "+s.topic || process.Name() != "process "+s.topic {
		t.Errorf("spans are named %q and %q", send.Name(), process.Name())
	}
	checkJoined(t, process, send)
	for _, end := range []conformance.Side{s.producing, s.consuming} {
		for _, name := range metricNames {
			if strings.HasPrefix(name, "kafka.") && end.Metric(t, name) != nil {
				t.Errorf("%s is recorded", name)
			}
		}
	}
}

// testRejected sends a record that the broker always refuses. The error type of the send
// span must be MESSAGE_TOO_LARGE.
func testRejected(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	r := s.tooLarge(t)
	ctx, _ := s.parent(t)
	if err := p.Send(ctx, r); err == nil {
		t.Fatal("a record that is too large was sent")
	}
	checkSend(t, s.producing.Only(t), sendSpan{topic: r.Topic, errorType: "MESSAGE_TOO_LARGE"})
}

// testNotLeader makes the first three attempts to send a record fail. The span must not
// record these failures, and the record must have exactly one traceparent.
func testNotLeader(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	hits := s.cluster.Faults().NotLeader(s.topic, 3)
	s.send(t, p, "one")
	if n := hits(); n != 3 {
		t.Fatalf("%d attempts failed, want 3", n)
	}
	span := s.producing.Only(t)
	checkSend(t, span, s.acked(0))
	if id := sent(t, s.cluster.Read(t, s.topic)[0]); id.SpanID() != span.SpanContext().SpanID() {
		t.Errorf("the record has the span context %v, want %v", id, span.SpanContext())
	}
}

// testNoAcks uses a producer that does not wait for acknowledgements. The offset is then
// unknown, so the span must not have an offset.
func testNoAcks(t *testing.T, s *site) {
	p := s.producer(t, Producing{NoAcks: true})
	s.send(t, p, "one")
	span := s.producing.Only(t)
	attrs := oteltest.Map(span.Attributes())
	if offset, found := attrs["messaging.kafka.offset"]; found {
		t.Errorf("the span has the offset %s, want none", offset)
	}
	if span.Status().Code != codes.Unset {
		t.Errorf("status %v", span.Status())
	}
	got := s.process(t, s.topic, 1, nil)[0]
	checkProcess(t, s.consuming.Only(t), s.group, got.Record, "")
	checkJoined(t, s.consuming.Only(t), span)
}

// testSharedHeaders sends records from several goroutines. The records share one slice of
// headers, which has free capacity. The slice must not change, and each record must have its
// own traceparent.
func testSharedHeaders(t *testing.T, s *site) {
	const n = 20
	p := s.producer(t, Producing{})
	want := []Header{{"source", []byte("shared")}, {"kind", []byte("test")}}
	shared := s.client.Headers(want, 8)
	each(n, func(i int) {
		ctx, _ := s.parent(t)
		r := s.record(strconv.Itoa(i))
		r.Shared = shared
		if err := p.Send(ctx, r); err != nil {
			t.Error(err)
		}
	})
	if got := s.client.Shared(shared); !sameHeaders(got[:2], want) || count(got, "traceparent") != 0 {
		t.Errorf("the shared headers changed to %v, want %v", got, want)
	}
	ids := map[trace.SpanID]bool{}
	for _, r := range s.cluster.Read(t, s.topic) {
		ids[sent(t, r).SpanID()] = true
		if !sameHeaders(others(r.Headers), want) {
			t.Errorf("headers %v, want %v", r.Headers, want)
		}
	}
	if len(ids) != n {
		t.Errorf("%d records have %d different span contexts", n, len(ids))
	}
}

// testSentTwice sends one record twice. The second send span must not be a child of the
// first send span. The headers of the program's record must not change.
func testSentTwice(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	within, parent := s.parent(t)
	sendTwice(t.Context(), t, s, p, trace.SpanContext{})
	sendTwice(within, t, s, p, parent)
}

func sendTwice(ctx context.Context, t *testing.T, s *site, p Producer, parent trace.SpanContext) {
	t.Helper()
	r := s.record("one")
	r.Headers = []Header{{"source", []byte("x")}}
	for range 2 {
		before := s.producing.Started()
		mustSend(ctx, t, p, r)
		span := s.producing.Wait(t, before+1)[before]
		if span.Parent().SpanID() != parent.SpanID() || len(span.Links()) != 0 {
			t.Errorf("the parent of the send is %v, want %v; the links are %v, want none", span.Parent().SpanID(), parent.SpanID(), span.Links())
		}
		if id := sent(t, s.last(t)).SpanID(); id != span.SpanContext().SpanID() {
			t.Errorf("the record has the span context %v, want %v", id, span.SpanContext().SpanID())
		}
		got := s.client.Record(r.Native).Headers
		if s.client.Lacks(OwnHeaders) != "" && count(got, "traceparent") == 1 {
			got = others(got)
		}
		if !sameHeaders(got, r.Headers) {
			t.Errorf("the record of the program has the headers %v, want %v", got, r.Headers)
		}
	}
}

// testClosedInFlight closes the producer before the broker has answered. Every record must
// have a span that ends.
func testClosedInFlight(t *testing.T, s *site) {
	const n = 10
	p := s.producer(t, Producing{})
	// The producer fetches the partitions of the topic now, and not after the call of Hold.
	s.send(t, p, "first")
	held, release := s.cluster.Faults().Hold(t)
	var outcomes []<-chan outcome
	for i := range n {
		ctx, _ := s.parent(t)
		outcomes = append(outcomes, start(ctx, p, s.record(strconv.Itoa(i))))
	}
	held()
	closed := make(chan struct{})
	go func() { p.Abandon(); close(closed) }()
	release()
	await(t, closed)
	spans := s.producing.Wait(t, n+1)[1:]
	if s.producing.Started() != n+1 || len(spans) != n {
		t.Fatalf("%d spans started and %d ended", s.producing.Started(), len(spans))
	}
	if reason := s.client.Lacks(Outcomes); reason != "" {
		t.Logf("the result of each record is unknown: %s", reason)
		return
	}
	failed := 0
	for _, result := range outcomes {
		if o := await(t, result); o.err != nil {
			failed++
		}
	}
	for _, span := range spans {
		if span.Status().Code == codes.Error {
			failed--
			if oteltest.Map(span.Attributes())["error.type"] == "" {
				t.Error("a failed span has no error.type")
			}
		}
	}
	if failed != 0 {
		t.Errorf("the program got %d more errors than there are failed spans", failed)
	}
}

// testLateDelivery cancels the context of a send before the broker has acknowledged the
// record. The broker may still store the record after that. The span must contain the final
// result.
func testLateDelivery(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	s.send(t, p, "first")
	s.producing.Only(t)
	held, release := s.cluster.Faults().Hold(t)
	ctx, cancel := context.WithCancel(conformance.Within(t))
	gone := make(chan error, 1)
	go func() { gone <- p.Send(ctx, s.record("late")) }()
	held()
	cancel()
	select {
	case <-gone:
	case <-time.After(100 * time.Millisecond): // Some clients wait although the context is canceled.
	}
	release()
	p.Close()
	span := s.producing.Wait(t, 2)[1]
	if n := s.producing.Started(); n != 2 {
		t.Fatalf("%d spans for 2 records", n)
	}
	attrs := oteltest.Map(span.Attributes())
	offset, known := attrs["messaging.kafka.offset"]
	switch delivered := s.delivered(t, "late"); {
	case attrs["error.type"] != "": // The program or the library gave up.
		if known {
			t.Errorf("the span has the offset %q for a record that was given up", offset)
		}
	case !delivered || span.Status().Code != codes.Unset || offset != "1":
		t.Errorf("delivered: %t, status: %v, offset: %q", delivered, span.Status(), offset)
	}
}

// testRestart restarts the brokers while records are sent. Every span must end. Each record
// must be processed in the trace in which it was sent.
func testRestart(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	s.send(t, p, "one")
	ctx, _ := s.parent(t)
	results := make(chan error, 1)
	restarted := make(chan struct{})
	go func() {
		defer close(results)
		for i := 0; ; i++ {
			// The library may return an error while the broker is down.
			if err := p.Send(ctx, s.record(fmt.Sprintf("through %d", i))); err != nil && ctx.Err() != nil {
				results <- err
				return
			}
			select {
			case <-restarted:
				return
			default:
			}
		}
	}()
	s.cluster.Restart(t)
	close(restarted)
	if err := await(t, results); err != nil {
		t.Fatal(err)
	}
	oteltest.Eventually(t, func() bool { return s.producing.Started() == len(s.producing.Ended()) })
	good := map[trace.SpanID]bool{}
	for _, span := range s.producing.Ended() {
		if span.Status().Code == codes.Unset {
			good[span.SpanContext().SpanID()] = true
		}
	}
	for _, h := range s.process(t, s.topic, len(good), nil) {
		if sent(t, h.Record); h.span().TraceID() != sent(t, h.Record).TraceID() {
			t.Error("a record was processed in another trace")
		}
	}
}

// silentSide contains the options of a producer that records no spans.
type silentSide struct {
	name    string
	options []kafkatrace.Option
	// traceparents is the number of traceparents in a record that is sent without a span in
	// the context.
	traceparents int
}

func silentSides(t *testing.T) []silentSide {
	t.Helper()
	never := oteltest.NewSilent(t, sdktrace.NeverSample())
	return []silentSide{
		{"no SDK", []kafkatrace.Option{kafkatrace.WithTracerProvider(noop.NewTracerProvider())}, 0},
		{"nothing sampled", []kafkatrace.Option{kafkatrace.WithTracerProvider(never.TracerProvider)}, 1},
	}
}

// testSilent sends records without an SDK, and with an SDK that does not sample. The records
// must arrive unchanged, and no span may be recorded.
func testSilent(t *testing.T, s *site) {
	for _, silent := range silentSides(t) {
		t.Run(silent.name, func(t *testing.T) {
			p := s.producer(t, Producing{}, silent.options...)
			want := Record{Topic: s.topic, Key: []byte("key"), Value: []byte(silent.name), Headers: []Header{{"source", []byte("x")}}}
			r := want
			mustSend(conformance.Within(t), t, p, &r)
			if got := count(s.last(t).Headers, "traceparent"); got != silent.traceparents {
				t.Errorf("got %d traceparents, want %d", got, silent.traceparents)
			}
			checkSameRecord(t, s.last(t), want)
		})
	}
	if n := s.producing.Started(); n != 0 {
		t.Errorf("got %d spans, want 0", n)
	}
}
