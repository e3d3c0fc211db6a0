package httptrace

import (
	"net/http"
	"net/textproto"

	"go.opentelemetry.io/otel/propagation"
)

// carrier is a header to propagators. It finds the canonical form of the keys
// that they all use without allocating, which http.Header.Get does not.
type carrier http.Header

var (
	_ propagation.TextMapCarrier = carrier(nil)
	_ propagation.ValuesGetter   = carrier(nil)
)

func (c carrier) Get(key string) string {
	if values := c[canonical(key)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (c carrier) Values(key string) []string { return c[canonical(key)] }

func (c carrier) Set(key, value string) { c[canonical(key)] = []string{value} }

func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

func canonical(key string) string {
	switch key {
	case "traceparent":
		return "Traceparent"
	case "tracestate":
		return "Tracestate"
	case "baggage":
		return "Baggage"
	}
	return textproto.CanonicalMIMEHeaderKey(key)
}
