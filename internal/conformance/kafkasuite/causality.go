package kafkasuite

import (
	"context"
	"strconv"
	"testing"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// testRetryTopics forwards a record as programs do after failures: to two retry topics, and
// then to a dead-letter topic. All spans must be in one trace.
func testRetryTopics(t *testing.T, s *site) {
	topics := []string{s.topic, s.newTopic(t, 1, nil), s.newTopic(t, 1, nil), s.newTopic(t, 1, nil)}
	p := s.producer(t, Producing{})
	s.send(t, p, "one")
	for i, topic := range topics[:3] {
		s.process(t, topic, 1, func(ctx context.Context, r Record) error {
			return p.Forward(ctx, r, topics[i+1])
		})
	}
	sends, processes := s.producing.Wait(t, 4), s.consuming.Wait(t, 3)
	for i, process := range processes {
		checkJoined(t, process, sends[i])
		if got, want := sends[i+1].Parent().SpanID(), process.SpanContext().SpanID(); got != want {
			t.Errorf("the parent of the send to topic %d is %v, want %v", i+1, got, want)
		}
		if got, want := process.SpanContext().TraceID(), sends[0].SpanContext().TraceID(); got != want {
			t.Errorf("process span %d is in trace %v, want %v", i, got, want)
		}
	}
	if id := sent(t, s.cluster.Read(t, topics[3])[0]); id.SpanID() != sends[3].SpanContext().SpanID() {
		t.Errorf("the record has the span context %v, want %v", id.SpanID(), sends[3].SpanContext().SpanID())
	}
}

// testOutbox saves three spans, as programs do for an outbox. Later, a relay sends one
// record for each saved span. The saved span must be the parent of the send span, and the
// span of the relay must have a link to each saved span.
func testOutbox(t *testing.T, s *site) {
	const rows = 3
	var saved []string
	writing := oteltest.New(t)
	for range rows {
		ctx, span := writing.TracerProvider.Tracer("program").Start(conformance.Within(t), "write")
		saved = append(saved, kafkatrace.Save(ctx))
		span.End()
	}
	writers := writing.Wait(t, rows)
	relaying := oteltest.New(t)
	ctx, relay := relaying.TracerProvider.Tracer("program").Start(conformance.Within(t), "relay")
	p := s.producer(t, Producing{})
	for i, row := range saved {
		mustSend(kafkatrace.Restore(ctx, row), t, p, s.record(strconv.Itoa(i)))
	}
	relay.End()
	got := s.process(t, s.topic, rows, nil)
	for i, send := range s.producing.Wait(t, rows) {
		if send.Parent().SpanID() != writers[i].SpanContext().SpanID() || send.SpanContext().TraceID() != writers[i].SpanContext().TraceID() {
			t.Errorf("the parent of the send of row %d is %v, want %v", i, send.Parent(), writers[i].SpanContext())
		}
		checkJoined(t, s.consuming.Wait(t, rows)[i], send)
		if string(got[i].Value) != strconv.Itoa(i) {
			t.Errorf("row %d is %q", i, got[i].Value)
		}
	}
	if links := relaying.Only(t).Links(); len(links) != rows {
		t.Errorf("the relay has %d links, want %d", len(links), rows)
	}
}
