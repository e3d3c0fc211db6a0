package export

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

func TestPeersAllocateNothingForASpan(t *testing.T) {
	p := new(peers)
	span := tracetest.SpanStub{SpanKind: trace.SpanKindClient, Attributes: []attribute.KeyValue{
		attribute.String("db.system.name", "postgresql"), attribute.String("db.namespace", "orders"), attribute.String("server.address", "127.0.0.1"),
	}}.Snapshot()
	if got, want := p.of(span), "orders@postgresql"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := testing.AllocsPerRun(100, func() { p.of(span) }); got > 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}
