package kafkatrace

import (
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// Headers returns a carrier for the headers of a record. h points to the slice of headers,
// whose elements are structs with a Key and a Value. Most clients have such headers.
//
// Get returns the last value of a key, and the last valid value of traceparent. It ignores
// the case of keys if no key matches exactly. Set replaces the slice with a new slice in
// which the key occurs once. The old slice is not changed, because other records may share
// it.
func Headers[H ~struct {
	Key   string
	Value []byte
}](h *[]H) propagation.TextMapCarrier {
	return (*header.List[H, header.PlainForm[H]])(h)
}
