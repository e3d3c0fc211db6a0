package kafkasuite

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// testCreationContext sends records with a traceparent that the program has added to the
// headers. The send span and the process span of each record must both be children of the
// span in this traceparent.
func testCreationContext(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	creator := foreign(1)
	for i := range 2 {
		r := s.record("one")
		r.Headers = []Header{carrying(creator)}
		mustSend(conformance.Within(t), t, p, r)
		send := s.producing.Wait(t, i+1)[i]
		if send.SpanKind() != trace.SpanKindClient || send.Parent().SpanID() != creator.SpanID() {
			t.Errorf("the send has the kind %v and the parent %v, want a client span with the parent %v", send.SpanKind(), send.Parent(), creator)
		}
		checkLinks(t, send, creator)
	}
	s.process(t, s.topic, 2, nil)
	for i, r := range s.cluster.Read(t, s.topic) {
		if id := sent(t, r); id.SpanID() != creator.SpanID() {
			t.Errorf("record %d has the span context %v, want %v", i, id.SpanID(), creator.SpanID())
		}
		if process := s.consuming.Wait(t, 2)[i]; process.Parent().SpanID() != creator.SpanID() {
			t.Errorf("the parent of processing record %d is %v, want %v", i, process.Parent().SpanID(), creator.SpanID())
		}
	}
	// If ctx contains a span of the program, the new traceparent replaces the existing one.
	ctx, parent := s.parent(t)
	r := s.record("one")
	r.Headers = []Header{carrying(creator)}
	mustSend(ctx, t, p, r)
	if send := s.producing.Wait(t, 3)[2]; send.Parent().SpanID() != parent.SpanID() || sent(t, s.last(t)).SpanID() != send.SpanContext().SpanID() {
		t.Errorf("the parent of the send is %v, want %v", send.Parent(), parent)
	}
}

// testBaggage checks which members of the baggage are sent. A member is sent only if the
// program allows the key of the member. In addition, the sent baggage must not become longer
// than the limit.
func testBaggage(t *testing.T, s *site) {
	members := "tenant=nav,user=01017012345,filler=" + strings.Repeat("x", 7<<10)
	all, err := baggage.Parse(members)
	if err != nil {
		t.Fatal(err)
	}
	ctx := baggage.ContextWithBaggage(conformance.Within(t), all)
	mustSend(ctx, t, s.producer(t, Producing{}), s.record("none"))
	if r := s.last(t); count(r.Headers, "baggage") != 0 {
		t.Errorf("headers %v, want no baggage", r.Headers)
	}
	allow := kafkatrace.WithBaggage(64, "filler", "tenant")
	mustSend(ctx, t, s.producer(t, Producing{}, allow), s.record("some"))
	for _, h := range s.last(t).Headers {
		if h.Key == "baggage" && string(h.Value) != "tenant=nav" {
			t.Errorf("baggage is %q, want tenant=nav", h.Value)
		}
	}
	if n := count(s.last(t).Headers, "baggage"); n != 1 {
		t.Errorf("got %d baggage headers, want 1", n)
	}
	for i, h := range s.process(t, s.topic, 2, nil, allow) {
		want := []string{"", "nav"}[i]
		if got := baggage.FromContext(h.ctx); got.Member("tenant").Value() != want || got.Member("user").Value() != "" {
			t.Errorf("the handler of record %d gets the baggage %q", i, got)
		}
	}
}

// testLargeBaggage receives a record with more baggage than the specification allows. The
// handler must get the trace of the record, but no baggage.
func testLargeBaggage(t *testing.T, s *site) {
	sender := foreign(1)
	s.cluster.Write(t, Record{Topic: s.topic, Value: []byte("one"), Headers: []Header{
		carrying(sender), {"baggage", []byte("tenant=nav,filler=" + strings.Repeat("x", 9<<10))},
	}})
	got := s.process(t, s.topic, 1, nil)[0]
	if got.span().TraceID() != sender.TraceID() {
		t.Error("the record was processed in another trace")
	}
	if received := baggage.FromContext(got.ctx); received.Len() != 0 {
		t.Errorf("the handler gets %d bytes of baggage, want 0", len(received.String()))
	}
}

// testPersonal sends records with a personal number in the key, the value and the headers.
// No span and no metric may contain the number.
func testPersonal(t *testing.T, s *site) {
	const number = "01017012345"
	p := s.producer(t, Producing{})
	large := s.tooLarge(t)
	large.Key, large.Headers = []byte(number), []Header{{"person", []byte(number)}}
	good := &Record{Topic: s.topic, Key: large.Key, Value: []byte(number), Headers: large.Headers}
	mustSend(conformance.Within(t), t, p, good)
	if err := p.Send(conformance.Within(t), large); err == nil {
		t.Fatal("a record that is too large was sent")
	}
	s.process(t, s.topic, 1, nil)
	s.producing.Wait(t, 2)
	s.checkNothingTold(t, number)
}

// testKey formats keys with a function of the program. The spans must contain the key in the
// form that this function returns.
func testKey(t *testing.T, s *site) {
	format := kafkatrace.WithKey(func(key []byte) string { return fmt.Sprintf("<%s>", key) })
	p := s.producer(t, Producing{}, format)
	want := []string{"<a>", "", ""}
	for _, key := range [][]byte{[]byte("a"), nil, {0xff, 0xfe}} {
		r := s.record("x")
		r.Key = key
		mustSend(conformance.Within(t), t, p, r)
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

// testPoisoned receives records with headers that are invalid or unusual. Each process span
// must have the expected parent, and the handler must get the headers unchanged.
func testPoisoned(t *testing.T, s *site) {
	a, b := foreign(1), foreign(2)
	header := func(key, value string) Header { return Header{key, []byte(value)} }
	good := string(carrying(a).Value)
	rows := []struct {
		name    string
		headers []Header
		want    trace.SpanContext // the expected parent; invalid if a new trace must start
	}{
		{"none", nil, trace.SpanContext{}},
		{"one", []Header{carrying(a)}, a},
		{"the last of two", []Header{carrying(b), carrying(a)}, a},
		{"the last that is valid", []Header{carrying(a), header("traceparent", "garbage")}, a},
		{"null behind a valid one", []Header{carrying(a), {"traceparent", nil}}, a},
		{"capitals", []Header{header("Traceparent", good)}, a},
		{"all capitals", []Header{header("TRACEPARENT", good)}, a},
		{"null", []Header{{"traceparent", nil}}, trace.SpanContext{}},
		{"empty", []Header{header("traceparent", "")}, trace.SpanContext{}},
		{"binary", []Header{{"traceparent", []byte{0, 0xff, 0xfe, '-'}}}, trace.SpanContext{}},
		{"64 KiB", []Header{header("traceparent", strings.Repeat("0", 64<<10))}, trace.SpanContext{}},
		{"only zeros", []Header{header("traceparent", "00-00000000000000000000000000000000-0000000000000000-01")}, trace.SpanContext{}},
		{"no such version", []Header{header("traceparent", "ff"+good[2:])}, trace.SpanContext{}},
		{"a later version", []Header{header("traceparent", "01"+good[2:]+"-more")}, a},
		{"upper-case digits", []Header{header("traceparent", strings.ToUpper(good))}, trace.SpanContext{}},
		{"tracestate is garbage", []Header{carrying(a), header("tracestate", "\x00=,;")}, a},
		{"tracestate is null", []Header{carrying(a), {"tracestate", nil}}, a},
		{"baggage is garbage", []Header{carrying(a), header("baggage", "\xff%%%==,")}, a},
		{"no key", []Header{header("", "x"), carrying(a), {"", nil}}, a},
	}
	for _, row := range rows {
		s.cluster.Write(t, Record{Topic: s.topic, Value: []byte(row.name), Headers: row.headers})
	}
	got := s.process(t, s.topic, len(rows), nil)
	spans := s.consuming.Wait(t, len(rows))
	for i, row := range rows {
		if string(got[i].Value) != row.name {
			t.Fatalf("record %d has the value %q", i, got[i].Value)
		}
		if id := spans[i].Parent(); id.TraceID() != row.want.TraceID() || id.SpanID() != row.want.SpanID() {
			t.Errorf("%s: the parent of processing is %v, want %v", row.name, id, row.want)
		}
		if want := row.want.IsValid(); want != (len(spans[i].Links()) == 1) {
			t.Errorf("%s: got %d links", row.name, len(spans[i].Links()))
		}
		checkHeaders(t, s.client, row.name, got[i].Headers, row.headers)
	}
}

// testHeaders sends records with various headers. The headers must arrive unchanged and in
// the same order. The exception is headers of an older trace context: one new traceparent
// must replace them.
func testHeaders(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	large := bytes.Repeat([]byte{1, 2, 3}, 1000)
	rows := []Record{
		{},
		{Key: []byte("key"), Value: []byte("value")},
		{Key: []byte{}, Value: []byte{0, 0xff}, Headers: []Header{{"a", []byte("1")}, {"b", nil}, {"a", []byte{}}, {"", []byte{0xff}}}},
		{Value: large, Headers: []Header{{strings.Repeat("k", 300), large}}},
		{Value: []byte("old"), Headers: []Header{
			{"Traceparent", []byte("garbage")}, {"x", []byte("1")}, carrying(foreign(1)), {"tracestate", []byte("a=b")}, carrying(foreign(2)), {"y", []byte("2")},
		}},
	}
	for _, r := range rows {
		r.Topic = s.topic
		ctx, _ := s.parent(t)
		mustSend(ctx, t, p, &r)
	}
	spans := s.producing.Wait(t, len(rows))
	for i, got := range s.cluster.Read(t, s.topic) {
		want := rows[i]
		want.Headers = others(want.Headers)
		checkSameRecord(t, got, want)
		checkHeaders(t, s.client, strconv.Itoa(i), others(got.Headers), want.Headers)
		if id := sent(t, got).SpanID(); id != spans[i].SpanContext().SpanID() {
			t.Errorf("record %d has the span context %v, want %v", i, id, spans[i].SpanContext().SpanID())
		}
		if n := count(got.Headers, "tracestate"); n != 0 {
			t.Errorf("record %d has the tracestate of another trace", i)
		}
	}
}
