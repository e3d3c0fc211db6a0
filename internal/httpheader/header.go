// Package httpheader lets propagators read HTTP headers without an allocation.
package httpheader

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"

	"go.opentelemetry.io/otel/propagation"
)

// A Header is an HTTP header that propagators can use as a carrier. The keys that
// propagators use are not in canonical form. Therefore, http.Header.Get allocates for such
// a key, but Header finds the key without an allocation.
type Header http.Header

var (
	_ propagation.TextMapCarrier = Header(nil)
	_ propagation.ValuesGetter   = Header(nil)
)

// Get returns the first value of key, or "" if there is none.
func (h Header) Get(key string) string {
	if values := h[canonical(key)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Values returns all values of key, in order.
func (h Header) Values(key string) []string { return h[canonical(key)] }

// Set replaces all values of key with value.
func (h Header) Set(key, value string) { h[canonical(key)] = []string{value} }

// Keys returns the keys in canonical form.
func (h Header) Keys() []string { return slices.AppendSeq(make([]string, 0, len(h)), maps.Keys(h)) }

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
