package kafkatrace

import (
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// Headers returns a carrier for the headers of a record, which h points to: those
// of most clients are slices of a struct with a Key and a Value.
//
// Reading takes the last value of a key, in whatever case, and of traceparent the
// last that is valid. Writing replaces the slice with a new one, in which the key
// stands once; the old slice, which other records may share, is not changed.
func Headers[H ~struct {
	Key   string
	Value []byte
}](h *[]H) propagation.TextMapCarrier {
	return (*header.List[H, header.PlainForm[H]])(h)
}
