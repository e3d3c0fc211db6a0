package kafkatrace

import (
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// Headers returns a carrier that reads and writes the headers of a record. h points to the
// slice of headers. Each header must be a struct with the fields Key and Value, as in most
// clients.
//
// The method Get returns the last value of a key. For the key traceparent, it returns the
// last valid value. If no key matches exactly, Get ignores the difference between upper and
// lower case. The method Set makes a new slice in which the key occurs once, and stores the
// new slice in *h. The old slice is not changed, because other records may share it.
func Headers[H ~struct {
	Key   string
	Value []byte
}](h *[]H) propagation.TextMapCarrier {
	return (*header.List[H, header.PlainForm[H]])(h)
}
