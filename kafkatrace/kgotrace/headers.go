package kgotrace

import (
	"strings"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// produced are the headers of a record that is produced.
type produced = header.List[kgo.RecordHeader, producedForm]

// producedForm marks the traceparent that this package writes.
type producedForm struct {
	header.PlainForm[kgo.RecordHeader]
}

func (producedForm) New(key string, value []byte) kgo.RecordHeader {
	if key == writtenKey {
		key = writtenKey
	}
	return kgo.RecordHeader{Key: key, Value: value}
}

// writtenKey is the key of each traceparent that this package writes. Its memory
// identifies it: the same text from elsewhere is the program's own.
var writtenKey = strings.Clone("traceparent")

func isWritten(h *kgo.RecordHeader) bool {
	return len(h.Key) == len(writtenKey) && unsafe.StringData(h.Key) == unsafe.StringData(writtenKey)
}

// withoutWritten returns headers without the trace context that this package wrote
// when a record with these headers was produced before.
func withoutWritten(headers []kgo.RecordHeader) []kgo.RecordHeader {
	for i := range headers {
		if !isWritten(&headers[i]) {
			continue
		}
		(*produced)(&headers).Replace(nil, "traceparent", "tracestate")
		if len(headers) == 0 {
			return nil
		}
		break
	}
	return headers
}

// size returns the bytes of headers as franz-go counts them.
func size(headers []kgo.RecordHeader) (n int) {
	for i := range headers {
		n += len(headers[i].Key) + len(headers[i].Value)
	}
	return n
}

// same reports whether a and b are one slice.
func same(a, b []kgo.RecordHeader) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
