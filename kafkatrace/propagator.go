package kafkatrace

import (
	"context"
	"reflect"
	"slices"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/header"
)

const (
	traceparent = "traceparent"
	tracestate  = "tracestate"
)

var traceFields = propagation.TraceContext{}.Fields()

// A propagator writes the trace context and the baggage to the headers of messages, and
// reads both from the headers.
type propagator struct {
	*providers.Propagator

	baggage baggageRule
}

// inject writes the span in ctx, and the allowed baggage, to the headers of m. If ctx has no
// valid span, the headers do not change.
func (p *propagator) inject(ctx context.Context, m *Message) {
	format, working := p.Get()
	ctx = suppress.Outgoing(ctx)
	sc := trace.SpanContextFromContext(ctx)
	if !working || m.Headers == nil || !sc.IsValid() {
		return
	}
	editor, _ := m.Headers.(header.Editor)
	if editor != nil && sc.TraceState().Len() == 0 && len(p.baggage.keys) == 0 && isTraceContext(format) {
		editor.Replace(header.Traceparent(sc), traceFields...)
		return
	}
	if editor != nil { // remove headers of an older span that Inject would not replace
		editor.Replace(nil, slices.DeleteFunc(format.Fields(), func(key string) bool { return key == "baggage" })...)
	}
	format.Inject(p.baggage.confine(ctx), m.Headers)
}

// receive returns ctx with the trace context and the baggage in the headers of m. The span
// that sent m replaces the span in ctx. If the headers have no valid span, the returned
// context has no span. If the headers have allowed baggage, it replaces the baggage in ctx.
func (p *propagator) receive(ctx context.Context, m *Message) (context.Context, trace.SpanContext) {
	format, working := p.Get()
	if !working || m.Headers == nil {
		return withoutSpan(ctx), trace.SpanContext{}
	}
	editor, _ := m.Headers.(header.Editor)
	if editor == nil || len(p.baggage.keys) > 0 || !isTraceContext(format) || editor.Last(tracestate, anything) != nil {
		return p.extract(ctx, format, m.Headers)
	}
	sc, ok := header.ParseTraceparent(editor.Last(traceparent, header.IsTraceparent))
	if !ok {
		return withoutSpan(ctx), trace.SpanContext{}
	}
	return trace.ContextWithRemoteSpanContext(ctx, sc), sc
}

// sender returns the span that sent m. The result is used for a link, not for a parent.
func (p *propagator) sender(ctx context.Context, m *Message) trace.SpanContext {
	format, working := p.Get()
	if !working || m.Headers == nil {
		return trace.SpanContext{}
	}
	if editor, ok := m.Headers.(header.Editor); ok && isTraceContext(format) {
		// The trace state is left out because reading it costs too much for a link.
		sc, _ := header.ParseTraceparent(editor.Last(traceparent, header.IsTraceparent))
		return sc
	}
	_, sc := p.receive(ctx, m)
	return sc
}

func anything([]byte) bool { return true }

// extract does the same as receive, for any propagator and any carrier.
func (p *propagator) extract(ctx context.Context, format propagation.TextMapPropagator, c propagation.TextMapCarrier) (context.Context, trace.SpanContext) {
	before := baggage.FromContext(ctx)
	ctx = format.Extract(baggage.ContextWithoutBaggage(withoutSpan(ctx)), c)
	if allowed := p.baggage.of(baggage.FromContext(ctx)); allowed.Len() > 0 {
		before = allowed
	}
	return baggage.ContextWithBaggage(ctx, before), trace.SpanContextFromContext(ctx)
}

func withoutSpan(ctx context.Context) context.Context {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, trace.SpanContext{})
}

var composite = reflect.TypeOf(propagation.NewCompositeTextMapPropagator())

// isTraceContext reports whether p reads and writes only the headers of W3C. This is known
// for two kinds of propagators. The first kind is [propagation.TraceContext] itself. The
// second kind is a composite propagator of OpenTelemetry or of package setup, if it contains
// [propagation.TraceContext] and no other propagators except [propagation.Baggage]. This
// package uses faster code for both kinds. Fuzz tests compare the results of the faster code
// with the results of OpenTelemetry.
func isTraceContext(p propagation.TextMapPropagator) bool {
	if _, is := p.(propagation.TraceContext); is {
		return true
	}
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Slice || v.Type() != composite && v.Type().PkgPath() != "github.com/nais/spor/internal/environ" {
		return false
	}
	found := false
	for i := range v.Len() {
		switch v.Index(i).Interface().(type) {
		case propagation.TraceContext:
			found = true
		case propagation.Baggage:
		default:
			return false
		}
	}
	return found
}
