package kafkatrace

import (
	"context"
	"reflect"
	"slices"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace/internal/header"
)

const (
	traceparent = "traceparent"
	tracestate  = "tracestate"
)

var traceFields = propagation.TraceContext{}.Fields()

// inject puts the span of ctx, and the baggage that may travel, in the headers of
// m. Without a valid span nothing there is touched.
func (t *Tracer) inject(ctx context.Context, m *Message) {
	p, working := t.propagator.Get()
	sc := trace.SpanContextFromContext(ctx)
	if !working || m.Headers == nil || !sc.IsValid() {
		return
	}
	editor, _ := m.Headers.(header.Editor)
	if editor != nil && sc.TraceState().Len() == 0 && len(t.baggage.keys) == 0 && isTraceContext(p) {
		editor.Replace(header.Traceparent(sc), traceFields...)
		return
	}
	if editor != nil { // what the propagator does not write is of another span
		editor.Replace(nil, slices.DeleteFunc(p.Fields(), func(key string) bool { return key == "baggage" })...)
	}
	p.Inject(t.baggage.confine(ctx), m.Headers)
}

// receive returns ctx with what the headers of m tell: the span that sent it, in
// place of the one in ctx, and the baggage that may travel. Without a valid
// span there is none in the context either.
func (t *Tracer) receive(ctx context.Context, m *Message) (context.Context, trace.SpanContext) {
	p, working := t.propagator.Get()
	if !working || m.Headers == nil {
		return withoutSpan(ctx), trace.SpanContext{}
	}
	editor, _ := m.Headers.(header.Editor)
	if editor == nil || len(t.baggage.keys) > 0 || !isTraceContext(p) || editor.Last(tracestate, anything) != nil {
		return t.extract(ctx, p, m.Headers)
	}
	sc, ok := header.ParseTraceparent(editor.Last(traceparent, header.IsTraceparent))
	if !ok {
		return withoutSpan(ctx), trace.SpanContext{}
	}
	return trace.ContextWithRemoteSpanContext(ctx, sc), sc
}

// sender returns the span that sent m.
func (t *Tracer) sender(ctx context.Context, m *Message) trace.SpanContext {
	p, working := t.propagator.Get()
	if !working || m.Headers == nil {
		return trace.SpanContext{}
	}
	if editor, ok := m.Headers.(header.Editor); ok && isTraceContext(p) {
		// The trace state is not worth its price in a link.
		sc, _ := header.ParseTraceparent(editor.Last(traceparent, header.IsTraceparent))
		return sc
	}
	_, sc := t.receive(ctx, m)
	return sc
}

func anything([]byte) bool { return true }

// extract is receive with any propagator.
func (t *Tracer) extract(ctx context.Context, p propagation.TextMapPropagator, c propagation.TextMapCarrier) (context.Context, trace.SpanContext) {
	before := baggage.FromContext(ctx)
	ctx = p.Extract(baggage.ContextWithoutBaggage(withoutSpan(ctx)), c)
	if allowed := t.baggage.of(baggage.FromContext(ctx)); allowed.Len() > 0 {
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
