package kafkatrace

import (
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// Headers returns a carrier for the headers of a record. h points to the slice of headers,
// whose elements are structs with a Key and a Value, as in most clients.
//
// Get returns the last value of a key, in any case; for traceparent, Get returns the last
// valid value. Set replaces the slice with a new slice in which the key occurs once. The old
// slice is not changed, because other records may share it.
func Headers[H ~struct {
	Key   string
	Value []byte
}](h *[]H) propagation.TextMapCarrier {
	return (*header.List[H, header.PlainForm[H]])(h)
}
