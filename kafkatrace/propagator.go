package kafkatrace

import (
	"context"
	"reflect"
	"slices"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/kafkatrace/internal/header"
)

const (
	traceparent = "traceparent"
	tracestate  = "tracestate"
)

var traceFields = propagation.TraceContext{}.Fields()

// A propagator moves trace contexts and baggage between contexts and the headers of
// messages.
type propagator struct {
	*providers.Propagator

	baggage baggageRule
}

// inject writes the span of ctx, and the baggage that may travel, to the headers of
// m. Without a valid span the headers do not change.
func (p *propagator) inject(ctx context.Context, m *Message) {
	format, working := p.Get()
	sc := trace.SpanContextFromContext(ctx)
	if !working || m.Headers == nil || !sc.IsValid() {
		return
	}
	editor, _ := m.Headers.(header.Editor)
	if editor != nil && sc.TraceState().Len() == 0 && len(p.baggage.keys) == 0 && isTraceContext(format) {
		editor.Replace(header.Traceparent(sc), traceFields...)
		return
	}
	if editor != nil { // what the propagator does not write is of another span
		editor.Replace(nil, slices.DeleteFunc(format.Fields(), func(key string) bool { return key == "baggage" })...)
	}
	format.Inject(p.baggage.confine(ctx), m.Headers)
}

// receive returns ctx with what the headers of m hold: the span that sent m replaces
// the one in ctx, and the baggage that may travel is added. Without a valid span in
// the headers there is no span in the returned context.
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

// sender returns the span that sent m.
func (p *propagator) sender(ctx context.Context, m *Message) trace.SpanContext {
	format, working := p.Get()
	if !working || m.Headers == nil {
		return trace.SpanContext{}
	}
	if editor, ok := m.Headers.(header.Editor); ok && isTraceContext(format) {
		// The trace state is not worth its price in a link.
		sc, _ := header.ParseTraceparent(editor.Last(traceparent, header.IsTraceparent))
		return sc
	}
	_, sc := p.receive(ctx, m)
	return sc
}

func anything([]byte) bool { return true }

// extract does what receive does, with any format.
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

// isTraceContext reports whether p writes and reads the headers of W3C for traces
// as OpenTelemetry's own propagator does, and beside them at most those of W3C for
// baggage: if it is that one, or the composite of OpenTelemetry or of package setup
// around it. Short cuts are taken for those, which the tests compare.
func isTraceContext(p propagation.TextMapPropagator) bool {
	if _, is := p.(propagation.TraceContext); is {
		return true
	}
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Slice || v.Type() != composite && v.Type().PkgPath() != "github.com/nais/spor/setup" {
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
