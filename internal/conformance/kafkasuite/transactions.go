package kafkasuite

import (
	"crypto/rand"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

// testTransactions aborts one transaction and commits another one. A send succeeds when the
// broker acknowledges the record, even if the transaction is aborted later.
func testTransactions(t *testing.T, s *site) {
	p := s.producer(t, Producing{Transaction: "transaction-" + rand.Text()[:8]})
	for _, commit := range []bool{false, true} {
		ctx, _ := s.parent(t)
		if err := p.Begin(ctx); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			mustSend(ctx, t, p, s.record(map[bool]string{true: "committed", false: "aborted"}[commit]))
		}
		if err := p.End(ctx, commit); err != nil {
			t.Fatal(err)
		}
	}
	var sends, ends []sdktrace.ReadOnlySpan
	for _, span := range s.producing.Wait(t, 6) {
		if span.SpanKind() == trace.SpanKindProducer {
			sends = append(sends, span)
		} else {
			ends = append(ends, span)
		}
	}
	if len(sends) != 4 || len(ends) != 2 {
		t.Fatalf("got %d spans of sends and %d spans of ends, want 4 and 2", len(sends), len(ends))
	}
	for _, send := range sends {
		if send.Status().Code != codes.Unset {
			t.Errorf("an acknowledged send has the status %v", send.Status())
		}
	}
	for i, want := range []codes.Code{codes.Error, codes.Unset} {
		if got := ends[i].Status().Code; got != want {
			t.Errorf("end %d has the status %v, want %v", i, ends[i].Status(), want)
		}
		if got := oteltest.Map(ends[i].Attributes())["messaging.operation.type"]; got != "settle" {
			t.Errorf("end %d has the operation type %q, want settle", i, got)
		}
	}
	for i, h := range s.process(t, s.topic, 2, nil) {
		if string(h.Value) != "committed" {
			t.Errorf("record %d has the value %q", i, h.Value)
		}
		checkJoined(t, s.consuming.Wait(t, 2)[i], sends[2+i])
	}
}
