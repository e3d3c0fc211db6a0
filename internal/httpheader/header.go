// Package httpheader lets propagators read HTTP headers at no cost.
package httpheader

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"

	"go.opentelemetry.io/otel/propagation"
)

// A Header is one of HTTP to propagators. It finds the canonical form of the keys
// that they all use without allocating, which http.Header.Get does not.
type Header http.Header

var (
	_ propagation.TextMapCarrier = Header(nil)
	_ propagation.ValuesGetter   = Header(nil)
)

// Get returns the first value of key.
func (h Header) Get(key string) string {
	if values := h[canonical(key)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Values returns all values of key, in their order.
func (h Header) Values(key string) []string { return h[canonical(key)] }

// Set makes value the only one of key.
func (h Header) Set(key, value string) { h[canonical(key)] = []string{value} }

// Keys returns the keys in their canonical form.
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
