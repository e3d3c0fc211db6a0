package setup

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// readPropagator reads OTEL_PROPAGATORS. The default is what NAIS sets.
func readPropagator(env *environment) propagation.TextMapPropagator {
	const name = "OTEL_PROPAGATORS"
	value := env.text(name)
	if value == "" {
		value = "tracecontext,baggage"
	}
	var formats []propagation.TextMapPropagator
	var none, unknown bool
	seen := map[string]bool{}
	for _, item := range list(value) {
		item = strings.ToLower(item)
		if seen[item] {
			continue
		}
		seen[item] = true
		switch item {
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
		env.wrong(name, value, "has none beside others (remove one or the other); the others are kept")
	case len(formats) == 0 && unknown && !none:
		formats = []propagation.TextMapPropagator{propagation.TraceContext{}, propagation.Baggage{}}
	}
	return propagator(formats)
}

// propagator runs OpenTelemetry's own propagators over carriers that follow the
// W3C rules for repeated headers, which those propagators leave to the carrier.
type propagator []propagation.TextMapPropagator

func (p propagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	carrier = strictCarrier(carrier)
	for _, format := range p {
		ctx = format.Extract(ctx, carrier) //nolint:fatcontext // one context a format
	}
	return ctx
}

func (p propagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	carrier = strictCarrier(carrier)
	for _, format := range p {
		format.Inject(ctx, carrier)
	}
}

func (p propagator) Fields() []string {
	var fields []string
	for _, format := range p {
		fields = append(fields, format.Fields()...)
	}
	return fields
}

func strictCarrier(carrier propagation.TextMapCarrier) propagation.TextMapCarrier {
	switch c := carrier.(type) {
	case nil:
		return propagation.MapCarrier(nil)
	case propagation.HeaderCarrier:
		return headers(c)
	case propagation.ValuesGetter:
		return manyValued{carrier, c}
	}
	return oneValued{carrier}
}

// headers reads http.Header by canonical key, which costs no allocation.
type headers http.Header

func (h headers) Get(key string) string               { return strictValue(key, h.Values(key)) }
func (h headers) Set(key, value string)               { h[canonical(key)] = []string{value} }
func (h headers) Keys() []string                      { return propagation.HeaderCarrier(h).Keys() }
func (h headers) Values(key string) (values []string) { return h[canonical(key)] }

func canonical(key string) string {
	switch key {
	case "traceparent":
		return "Traceparent"
	case "tracestate":
		return "Tracestate"
	case "baggage":
		return "Baggage"
	}
	return http.CanonicalHeaderKey(key)
}

// manyValued is any other carrier that tells repeated values apart.
type manyValued struct {
	propagation.TextMapCarrier
	values propagation.ValuesGetter
}

func (c manyValued) Get(key string) string      { return strictValue(key, c.values.Values(key)) }
func (c manyValued) Values(key string) []string { return c.values.Values(key) }

// oneValued is a carrier that has one value a key.
type oneValued struct{ propagation.TextMapCarrier }

func (c oneValued) Get(key string) string {
	value := c.TextMapCarrier.Get(key)
	if key == "tracestate" {
		return joinMembers(value)
	}
	return value
}

// strictValue is the value of a header that may be repeated: a second
// traceparent makes both invalid, tracestate lines form one list
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

// joinMembers makes one list of tracestate lines, without the white space and
// the empty members that the grammar allows and OpenTelemetry's parser refuses.
func joinMembers(lines ...string) string {
	if len(lines) == 1 && !strings.ContainsAny(lines[0], " \t") && !strings.Contains(lines[0], ",,") {
		return strings.Trim(lines[0], ",")
	}
	var members []string
	for _, line := range lines {
		members = append(members, list(line)...)
	}
	return strings.Join(members, ",")
}
