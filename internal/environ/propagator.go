package environ

import (
	"context"

	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/internal/httpheader"
)

// readPropagator reads OTEL_PROPAGATORS. The default, tracecontext,baggage, is also the
// value that NAIS sets.
func readPropagator(env *Environment) propagation.TextMapPropagator {
	const name = "OTEL_PROPAGATORS"
	value := env.Text(name)
	if value == "" {
		value = "tracecontext,baggage"
	}
	var formats []propagation.TextMapPropagator
	var none, unknown bool
	seen := map[string]bool{}
	for _, item := range list(value) {
		word := fold(item)
		if seen[word] {
			continue
		}
		seen[word] = true
		switch word {
		case "tracecontext":
			formats = append(formats, propagation.TraceContext{})
		case "baggage":
			formats = append(formats, propagation.Baggage{})
		case "none":
			none = true
		default:
			unknown = true
			env.wrong(name, item, "is not supported (use tracecontext, baggage or none); the others in the list are kept")
		}
	}
	switch {
	case none && len(formats) > 0:
		env.wrong(name, value, "combines none with other propagators (remove none or the others); the others are kept")
	case len(formats) == 0 && unknown && !none:
		formats = []propagation.TextMapPropagator{propagation.TraceContext{}, propagation.Baggage{}}
	}
	return propagator(formats)
}

// propagator calls OpenTelemetry's own propagators. They expect a carrier that follows the
// W3C rules for repeated headers. Therefore, propagator wraps each carrier so that it
// follows these rules.
type propagator []propagation.TextMapPropagator

func (p propagator) Extract(ctx context.Context, c propagation.TextMapCarrier) context.Context {
	c = strictCarrier(c)
	for _, format := range p {
		ctx = format.Extract(ctx, c) //nolint:fatcontext // one context per format
	}
	return ctx
}

func (p propagator) Inject(ctx context.Context, c propagation.TextMapCarrier) {
	c = strictCarrier(c)
	for _, format := range p {
		format.Inject(ctx, c)
	}
}

func (p propagator) Fields() []string {
	var fields []string
	for _, format := range p {
		fields = append(fields, format.Fields()...)
	}
	return fields
}

func strictCarrier(plain propagation.TextMapCarrier) propagation.TextMapCarrier {
	switch c := plain.(type) {
	case nil:
		return propagation.MapCarrier(nil)
	case propagation.HeaderCarrier:
		return headers(c)
	case httpheader.Header:
		return headers(c)
	case propagation.ValuesGetter:
		return manyValued{plain, c}
	}
	return oneValued{plain}
}

// headers is an HTTP header that follows the W3C rules for repeated headers.
type headers httpheader.Header

func (h headers) Get(key string) string      { return strictValue(key, h.Values(key)) }
func (h headers) Set(key, value string)      { httpheader.Header(h).Set(key, value) }
func (h headers) Keys() []string             { return httpheader.Header(h).Keys() }
func (h headers) Values(key string) []string { return httpheader.Header(h).Values(key) }

// manyValued wraps a carrier that can return all values of a key, and that is not an HTTP
// header. It follows the W3C rules for repeated headers.
type manyValued struct {
	propagation.TextMapCarrier
	values propagation.ValuesGetter
}

func (c manyValued) Get(key string) string      { return strictValue(key, c.values.Values(key)) }
func (c manyValued) Values(key string) []string { return c.values.Values(key) }

// oneValued wraps a carrier that has one value per key. It follows the W3C rules for the
// tracestate header.
type oneValued struct{ propagation.TextMapCarrier }

func (c oneValued) Get(key string) string {
	value := c.TextMapCarrier.Get(key)
	if key == "tracestate" {
		return joinMembers(value)
	}
	return value
}

// strictValue returns the value of a header that may be repeated. If there is more than one
// traceparent header, none of them is valid. All tracestate headers together form one list
// (https://www.w3.org/TR/trace-context/#combined-header-value).
func strictValue(key string, values []string) string {
	switch {
	case len(values) == 0:
		return ""
	case key == "tracestate":
		return joinMembers(values...)
	case key == "traceparent" && len(values) > 1:
		return ""
	}
	return values[0]
}
