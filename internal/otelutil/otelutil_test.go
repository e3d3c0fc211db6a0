package otelutil_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/otelutil"
)

type key struct{}

// incomparable is a context for which == panics.
type incomparable struct {
	context.Context

	_ []int
}

func TestSame(t *testing.T) {
	ctx, other := t.Context(), context.WithValue(t.Context(), key{}, 1)
	var none context.Context
	for _, tt := range []struct {
		name string
		a, b context.Context
		want bool
	}{
		{"one context", ctx, ctx, true},
		{"another", ctx, other, false},
		{"nil", none, ctx, false},
		{"both nil", none, none, true},
		{"incomparable", incomparable{Context: ctx}, incomparable{Context: ctx}, false},
		{"incomparable and other", incomparable{Context: ctx}, ctx, false},
	} {
		if got := otelutil.Same(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
	if got := testing.AllocsPerRun(100, func() { otelutil.Same(ctx, other) }); got != 0 {
		t.Errorf("allocations: got %v, want 0", got)
	}
}

func TestContextKey(t *testing.T) {
	key := otelutil.ContextKey(func(ctx context.Context) { trace.SpanFromContext(ctx) })
	want := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	span, ok := trace.ContextWithSpanContext(t.Context(), want).Value(key).(trace.Span)
	if !ok || !span.SpanContext().Equal(want) {
		t.Errorf("got the span %v under the key %v, want %v", span, key, want)
	}
	if got := otelutil.ContextKey(func(context.Context) {}); got != nil {
		t.Errorf("got the key %v, want none", got)
	}
}

func TestAttributeList(t *testing.T) {
	sdk := oteltest.New(t)
	_, span := sdk.TracerProvider.Tracer("test").Start(t.Context(), "span")
	span.SetAttributes(attribute.String("own", "program"))
	for range 2 { // the second list uses the memory of the first
		l := otelutil.NewAttributeList()
		l.Add(attribute.String("own", "spor"), attribute.String("other", "spor"))
		l.SetMissingOn(span)
		l.Release()
	}
	span.End()
	if got := oteltest.Map(sdk.Only(t).Attributes()); len(got) != 2 || got["own"] != "program" || got["other"] != "spor" {
		t.Errorf("attributes %v", got)
	}
	l := otelutil.NewAttributeList()
	l.Add(attribute.String("key", "value"))
	l.SetMissingOn(tracenoop.Span{}) // a span whose attributes cannot be read
}
