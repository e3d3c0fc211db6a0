// Package suppress marks a context as suppressed. A span that is started with a suppressed
// context is not recorded.
//
// A suppressed context contains a span context that is local, valid and not sampled.
// Because of this span context, a parent-based sampler does not record child spans. A new
// root span has no parent, so the span context has no effect on it. Therefore, the context
// also contains a mark. The sampler of package setup checks for the mark, and does not
// record a new root span if it finds the mark.
package suppress

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/otelutil"
)

type markKey struct{}

// suppressed returns both the span and the mark, so that a suppressed context needs only one
// allocation.
type suppressed struct {
	context.Context //nolint:containedctx // it is a context
}

func (m suppressed) Value(key any) any {
	switch key {
	case spanKey:
		return silentSpan
	case markKey{}:
		return true
	}
	return m.Context.Value(key)
}

// Context returns ctx as a suppressed context. It allocates once. A service that is called with
// this context does not get the trace of the caller.
func Context(ctx context.Context) context.Context { return suppressed{ctx} }

// below is a suppressed context in which the trace of the caller continues.
type below struct {
	suppressed

	span   trace.Span
	caller trace.SpanContext
}

type callerKey struct{}

func (m *below) Value(key any) any {
	switch key {
	case spanKey:
		return m.span
	case callerKey{}:
		return m.caller
	}
	return m.suppressed.Value(key)
}

// Below is like [Context], but the trace of the caller continues in the services that are called.
// The span in ctx must be the span of the caller. If ctx has no such span, Below does the same as
// Context.
func Below(ctx context.Context) context.Context {
	caller := trace.SpanContextFromContext(ctx)
	if !caller.IsRemote() {
		return Context(ctx)
	}
	return &below{suppressed{ctx}, spanOf(caller.WithRemote(false).WithTraceFlags(0)), caller}
}

// Outgoing returns the context from which the trace context of an outgoing request is taken. This
// is ctx, unless ctx was made by [Below].
func Outgoing(ctx context.Context) context.Context {
	if trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	caller, _ := ctx.Value(callerKey{}).(trace.SpanContext)
	if !caller.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, caller)
}

// Is reports whether ctx is suppressed, or derived from a suppressed context.
func Is(ctx context.Context) bool {
	on, _ := ctx.Value(markKey{}).(bool)
	return on
}

// SpanOf returns the span in ctx whose IDs a log line has. The result is not valid if ctx has no
// span, or if ctx is suppressed and its span is not sampled.
func SpanOf(ctx context.Context) trace.SpanContext {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsSampled() && Is(ctx) {
		return trace.SpanContext{}
	}
	return span
}

// silentSpan always has the same IDs. This is safe, because silentSpan is never exported. A
// called service may continue the trace of silentSpan, but this trace is not sampled.
var silentSpan = spanOf(trace.NewSpanContext(trace.SpanContextConfig{
	TraceID: trace.TraceID{15: 1},
	SpanID:  trace.SpanID{7: 1},
}))

func spanOf(sc trace.SpanContext) trace.Span {
	return trace.SpanFromContext(trace.ContextWithSpanContext(context.Background(), sc))
}

// spanKey is the context key of the OpenTelemetry API for the current span.
var spanKey = otelutil.ContextKey(func(ctx context.Context) { trace.SpanFromContext(ctx) })
