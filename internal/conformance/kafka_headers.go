package conformance

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// silentSide is an SDK that keeps no spans.
type silentSide struct {
	name    string
	options []kafkatrace.Option
	// traceparents is how many a record gets that is sent outside of spans.
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

// testKafkaCreationContext sends a record to which the program has given the
// context of what made it: that is what its consumer continues.
func testKafkaCreationContext(t *testing.T, s *kafkaSite) {
	p := s.producer(t, KafkaProducing{})
	creator := foreign(1)
	for i := range 2 {
		r := s.record("one")
		r.Headers = []KafkaHeader{carrying(creator)}
		if err := p.Send(within(t), r); err != nil {
			t.Fatal(err)
		}
		send := s.producing.Wait(t, i+1)[i]
		if send.SpanKind() != trace.SpanKindClient || send.Parent().SpanID() != creator.SpanID() {
			t.Errorf("sent by a %v span below %v, want a client's below %v", send.SpanKind(), send.Parent(), creator)
		}
		checkLinks(t, send, creator)
	}
	s.process(t, s.topic, 2, nil)
	for i, r := range s.cluster.Read(t, s.topic) {
		if id := sent(t, r); id.SpanID() != creator.SpanID() {
			t.Errorf("record %d carries %v, want %v", i, id.SpanID(), creator.SpanID())
		}
		if process := s.consuming.Wait(t, 2)[i]; process.Parent().SpanID() != creator.SpanID() {
			t.Errorf("record %d is processed below %v, want %v", i, process.Parent().SpanID(), creator.SpanID())
		}
	}
	// In a span of the program, that one is the sender.
	ctx, parent := s.parent(t)
	r := s.record("one")
	r.Headers = []KafkaHeader{carrying(creator)}
	if err := p.Send(ctx, r); err != nil {
		t.Fatal(err)
	}
	if send := s.producing.Wait(t, 3)[2]; send.Parent().SpanID() != parent.SpanID() || sent(t, s.last(t)).SpanID() != send.SpanContext().SpanID() {
		t.Errorf("sent below %v, want %v", send.Parent(), parent)
	}
}

// testKafkaBaggage has baggage travel if the program named it, and fits.
func testKafkaBaggage(t *testing.T, s *kafkaSite) {
	members := "tenant=nav,user=01017012345,filler=" + strings.Repeat("x", 7<<10)
	all, err := baggage.Parse(members)
	if err != nil {
		t.Fatal(err)
	}
	ctx := baggage.ContextWithBaggage(within(t), all)
	if err := s.producer(t, KafkaProducing{}).Send(ctx, s.record("none")); err != nil {
		t.Fatal(err)
	}
	if r := s.last(t); count(r.Headers, "baggage") != 0 {
		t.Errorf("headers %v, want no baggage", r.Headers)
	}
	allow := kafkatrace.WithBaggage(64, "filler", "tenant")
	if err := s.producer(t, KafkaProducing{}, allow).Send(ctx, s.record("some")); err != nil {
		t.Fatal(err)
	}
	for _, h := range s.last(t).Headers {
		if h.Key == "baggage" && string(h.Value) != "tenant=nav" {
			t.Errorf("baggage is %q, want the tenant", h.Value)
		}
	}
	if n := count(s.last(t).Headers, "baggage"); n != 1 {
		t.Errorf("%d headers of baggage, want 1", n)
	}
	for i, h := range s.process(t, s.topic, 2, nil, allow) {
		want := []string{"", "nav"}[i]
		if got := baggage.FromContext(h.ctx); got.Member("tenant").Value() != want || got.Member("user").Value() != "" {
			t.Errorf("the handler of record %d is told %q", i, got)
		}
	}
}

// testKafkaLargeBaggage reads baggage beyond what there may be.
func testKafkaLargeBaggage(t *testing.T, s *kafkaSite) {
	sender := foreign(1)
	s.cluster.Write(t, KafkaRecord{Topic: s.topic, Value: []byte("one"), Headers: []KafkaHeader{
		carrying(sender), {"baggage", []byte("tenant=nav,filler=" + strings.Repeat("x", 9<<10))},
	}})
	got := s.process(t, s.topic, 1, nil)[0]
	if got.span().TraceID() != sender.TraceID() {
		t.Error("the record was processed in another trace")
	}
	if told := baggage.FromContext(got.ctx); told.Len() != 0 {
		t.Errorf("the handler is told %d bytes of baggage", len(told.String()))
	}
}

// testKafkaPersonal sends and reads personal numbers as key and headers, of which
// nothing is recorded.
func testKafkaPersonal(t *testing.T, s *kafkaSite) {
	const number = "01017012345"
	p := s.producer(t, KafkaProducing{})
	large := s.tooLarge(t)
	large.Key, large.Headers = []byte(number), []KafkaHeader{{"person", []byte(number)}}
	good := &KafkaRecord{Topic: s.topic, Key: large.Key, Value: []byte(number), Headers: large.Headers}
	if err := p.Send(within(t), good); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(within(t), large); err == nil {
		t.Fatal("a record that is too large was sent")
	}
	s.process(t, s.topic, 1, nil)
	s.producing.Wait(t, 2)
	s.checkNothingTold(t, number)
}

// testKafkaKey has the key in spans in the form that the program gives it.
func testKafkaKey(t *testing.T, s *kafkaSite) {
	format := kafkatrace.WithKey(func(key []byte) string { return fmt.Sprintf("<%s>", key) })
	p := s.producer(t, KafkaProducing{}, format)
	want := []string{"<a>", "", ""}
	for _, key := range [][]byte{[]byte("a"), nil, {0xff, 0xfe}} {
		r := s.record("x")
		r.Key = key
		if err := p.Send(within(t), r); err != nil {
			t.Fatal(err)
		}
	}
	s.process(t, s.topic, len(want), nil, format)
	for i, key := range want {
		for _, span := range []sdktrace.ReadOnlySpan{s.producing.Wait(t, 3)[i], s.consuming.Wait(t, 3)[i]} {
			if got := oteltest.Map(span.Attributes())["messaging.kafka.message.key"]; got != key {
				t.Errorf("%s %d has the key %q, want %q", span.Name(), i, got, key)
			}
		}
	}
}

// testKafkaPoisoned reads headers as nobody should write them, and somebody does.
func testKafkaPoisoned(t *testing.T, s *kafkaSite) {
	a, b := foreign(1), foreign(2)
	header := func(key, value string) KafkaHeader { return KafkaHeader{key, []byte(value)} }
	good := string(carrying(a).Value)
	rows := []struct {
		name    string
		headers []KafkaHeader
		want    trace.SpanContext // none for a trace of its own
	}{
		{"none", nil, trace.SpanContext{}},
		{"one", []KafkaHeader{carrying(a)}, a},
		{"the last of two", []KafkaHeader{carrying(b), carrying(a)}, a},
		{"the last that is valid", []KafkaHeader{carrying(a), header("traceparent", "garbage")}, a},
		{"null behind a valid one", []KafkaHeader{carrying(a), {"traceparent", nil}}, a},
		{"capitals", []KafkaHeader{header("Traceparent", good)}, a},
		{"all capitals", []KafkaHeader{header("TRACEPARENT", good)}, a},
		{"null", []KafkaHeader{{"traceparent", nil}}, trace.SpanContext{}},
		{"empty", []KafkaHeader{header("traceparent", "")}, trace.SpanContext{}},
		{"binary", []KafkaHeader{{"traceparent", []byte{0, 0xff, 0xfe, '-'}}}, trace.SpanContext{}},
		{"64 KiB", []KafkaHeader{header("traceparent", strings.Repeat("0", 64<<10))}, trace.SpanContext{}},
		{"only zeros", []KafkaHeader{header("traceparent", "00-00000000000000000000000000000000-0000000000000000-01")}, trace.SpanContext{}},
		{"no such version", []KafkaHeader{header("traceparent", "ff"+good[2:])}, trace.SpanContext{}},
		{"a later version", []KafkaHeader{header("traceparent", "01"+good[2:]+"-more")}, a},
		{"upper-case digits", []KafkaHeader{header("traceparent", strings.ToUpper(good))}, trace.SpanContext{}},
		{"tracestate is garbage", []KafkaHeader{carrying(a), header("tracestate", "\x00=,;")}, a},
		{"tracestate is null", []KafkaHeader{carrying(a), {"tracestate", nil}}, a},
		{"baggage is garbage", []KafkaHeader{carrying(a), header("baggage", "\xff%%%==,")}, a},
		{"no key", []KafkaHeader{header("", "x"), carrying(a), {"", nil}}, a},
	}
	for _, row := range rows {
		s.cluster.Write(t, KafkaRecord{Topic: s.topic, Value: []byte(row.name), Headers: row.headers})
	}
	got := s.process(t, s.topic, len(rows), nil)
	spans := s.consuming.Wait(t, len(rows))
	for i, row := range rows {
		if string(got[i].Value) != row.name {
			t.Fatalf("record %d is %q", i, got[i].Value)
		}
		if id := spans[i].Parent(); id.TraceID() != row.want.TraceID() || id.SpanID() != row.want.SpanID() {
			t.Errorf("%s: processed below %v, want %v", row.name, id, row.want)
		}
		if want := row.want.IsValid(); want != (len(spans[i].Links()) == 1) {
			t.Errorf("%s: %d links", row.name, len(spans[i].Links()))
		}
		s.checkHeaders(t, row.name, got[i].Headers, row.headers)
	}
}

// checkHeaders tests that the headers of a record are those that were written.
func (s *kafkaSite) checkHeaders(t *testing.T, name string, got, want []KafkaHeader) {
	t.Helper()
	if !sameHeaders(got, want) {
		t.Errorf("%s: headers %.100q, want %.100q", name, got, want)
		return
	}
	if s.client.Lacks(KafkaNilHeaders) != "" {
		return
	}
	for i := range got {
		if (got[i].Value == nil) != (want[i].Value == nil) {
			t.Errorf("%s: the value of %q is %#v, want %#v", name, got[i].Key, got[i].Value, want[i].Value)
		}
	}
}

// testKafkaHeaders sends records with headers of every kind, which arrive as they
// are, in their order, beside the one of the trace.
func testKafkaHeaders(t *testing.T, s *kafkaSite) {
	p := s.producer(t, KafkaProducing{})
	large := bytes.Repeat([]byte{1, 2, 3}, 1000)
	rows := []KafkaRecord{
		{},
		{Key: []byte("key"), Value: []byte("value")},
		{Key: []byte{}, Value: []byte{0, 0xff}, Headers: []KafkaHeader{{"a", []byte("1")}, {"b", nil}, {"a", []byte{}}, {"", []byte{0xff}}}},
		{Value: large, Headers: []KafkaHeader{{strings.Repeat("k", 300), large}}},
		{Value: []byte("old"), Headers: []KafkaHeader{
			{"Traceparent", []byte("garbage")}, {"x", []byte("1")}, carrying(foreign(1)), {"tracestate", []byte("a=b")}, carrying(foreign(2)), {"y", []byte("2")},
		}},
	}
	for _, r := range rows {
		r.Topic = s.topic
		ctx, _ := s.parent(t)
		if err := p.Send(ctx, &r); err != nil {
			t.Fatal(err)
		}
	}
	spans := s.producing.Wait(t, len(rows))
	for i, got := range s.cluster.Read(t, s.topic) {
		want := rows[i]
		want.Headers = others(want.Headers)
		checkSameRecord(t, got, want)
		s.checkHeaders(t, strconv.Itoa(i), others(got.Headers), want.Headers)
		if id := sent(t, got).SpanID(); id != spans[i].SpanContext().SpanID() {
			t.Errorf("record %d carries %v, want %v", i, id, spans[i].SpanContext().SpanID())
		}
		if n := count(got.Headers, "tracestate"); n != 0 {
			t.Errorf("record %d carries the tracestate of another trace", i)
		}
	}
}
