package kafkasuite

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

// testBatch processes seven records in batches. Three records belong to one trace, three to
// another trace, and one record has no trace. The batch spans must have links to the senders
// of both traces.
func testBatch(t *testing.T, s *site) {
	a, b := foreign(1), foreign(2)
	var records []Record
	for i := range 6 {
		sender := a
		if i%2 == 1 {
			sender = b
		}
		records = append(records, Record{Topic: s.topic, Value: fmt.Append(nil, i), Headers: []Header{carrying(sender)}})
	}
	s.cluster.Write(t, append(records, Record{Topic: s.topic, Value: []byte("alone")})...)
	var inside []trace.SpanContext
	batches := s.batches(t, s.topic, 7, func(ctx context.Context, _ []Record) error {
		inside = append(inside, trace.SpanContextFromContext(ctx))
		return nil
	})
	spans := s.consuming.Wait(t, len(batches))
	if s.consuming.Started() != len(batches) {
		t.Errorf("got %d spans for %d batches", s.consuming.Started(), len(batches))
	}
	seen := map[trace.SpanID]bool{}
	for i, span := range spans {
		checkSpan(t, span, "", map[string]string{
			"messaging.operation.type": "process", "messaging.destination.name": s.topic, "messaging.consumer.group.name": s.group,
			"messaging.batch.message_count": strconv.Itoa(len(batches[i])), "messaging.kafka.offset": "",
		})
		if span.Name() != s.topic+" process" || span.SpanKind() != trace.SpanKindConsumer || span.SpanContext().SpanID() != inside[i].SpanID() {
			t.Errorf("batch %d: %v span %q", i, span.SpanKind(), span.Name())
		}
		for _, link := range span.Links() {
			seen[link.SpanContext.SpanID()] = true
			if oteltest.Map(link.Attributes)["messaging.kafka.offset"] == "" {
				t.Errorf("a link has no offset: %v", link.Attributes)
			}
		}
		if n := len(span.Links()); n > 2 {
			t.Errorf("got %d links, want at most 2, one per sender", n)
		}
	}
	if !seen[a.SpanID()] || !seen[b.SpanID()] {
		t.Errorf("got links to %v, want links to both senders", seen)
	}
}

// testLargeBatch processes 10,000 records, each from a different trace. Only the trace of
// the last record is sampled. Exactly one link must point to a sampled span. No span may
// have more than 128 links.
func testLargeBatch(t *testing.T, s *site) {
	const n = 10_000
	records := make([]Record, n)
	for i := range records {
		sender := foreign(i + 1)
		if i < n-1 {
			sender = sender.WithTraceFlags(0)
		}
		records[i] = Record{Topic: s.topic, Value: []byte("x"), Headers: []Header{carrying(sender)}}
	}
	s.cluster.Write(t, records...)
	batches := s.batches(t, s.topic, n, nil)
	spans := s.consuming.Wait(t, len(batches))
	if len(spans) != len(batches) {
		t.Errorf("got %d spans for %d batches", len(spans), len(batches))
	}
	total, sampled := 0, 0
	for i, span := range spans {
		if len(span.Links()) > 128 || span.DroppedLinks() != 0 {
			t.Errorf("got %d links and %d dropped links, want at most 128 and 0", len(span.Links()), span.DroppedLinks())
		}
		if got, want := oteltest.Map(span.Attributes())["messaging.batch.message_count"], strconv.Itoa(len(batches[i])); got != want {
			t.Errorf("message_count is %s, want %s", got, want)
		}
		total += len(batches[i])
		sampled += countSampled(span)
	}
	if total != n || sampled != 1 {
		t.Errorf("got %d records and %d links to sampled spans, want %d and 1", total, sampled, n)
	}
}

func countSampled(span sdktrace.ReadOnlySpan) (n int) {
	for _, link := range span.Links() {
		if link.SpanContext.IsSampled() {
			n++
		}
	}
	return n
}
