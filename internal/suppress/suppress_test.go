package suppress_test

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
)

type key struct{}

func TestContext(t *testing.T) {
	parent := context.WithValue(t.Context(), key{}, 1)
	ctx := suppress.Context(parent)
	if suppress.Is(parent) || !suppress.Is(ctx) || !suppress.Is(context.WithValue(ctx, key{}, 2)) {
		t.Error("the mark is not where it should be")
	}
	if ctx.Value(key{}) != 1 || ctx.Done() != parent.Done() {
		t.Error("the rest of the context is lost")
	}
}

func TestSpanIsLocalAndNotSampled(t *testing.T) {
	remote := trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	sc := trace.SpanContextFromContext(suppress.Context(remote))
	if !sc.IsValid() || sc.IsRemote() || sc.IsSampled() {
		t.Errorf("span context %v", sc)
	}
}

func TestParentBasedSamplerIsSilent(t *testing.T) {
	sdk := oteltest.New(t, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	ctx, span := sdk.TracerProvider.Tracer("test").Start(suppress.Context(t.Context()), "silent")
	_, child := sdk.TracerProvider.Tracer("test").Start(ctx, "child")
	child.End()
	span.End()
	if n := sdk.Started(); n != 0 {
		t.Errorf("%d spans", n)
	}
	if !suppress.Is(ctx) {
		t.Error("the mark is lost below a span")
	}
}

func TestContextAllocatesOnce(t *testing.T) {
	var kept any
	if n := testing.AllocsPerRun(100, func() { kept = suppress.Context(context.Background()) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	ctx, _ := kept.(context.Context)
	if n := testing.AllocsPerRun(100, func() { suppress.Is(ctx) }); n != 0 {
		t.Errorf("%v allocations to ask", n)
	}
}
