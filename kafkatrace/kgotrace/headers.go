package kgotrace

import (
	"strings"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// produced is the type for the headers of a produced record.
type produced = header.List[kgo.RecordHeader, producedForm]

// producedForm makes headers for this package. If the key is traceparent, the header gets
// the string writtenKey as its key.
type producedForm struct {
	header.PlainForm[kgo.RecordHeader]
}

func (producedForm) New(key string, value []byte) kgo.RecordHeader {
	if key == writtenKey {
		key = writtenKey
	}
	return kgo.RecordHeader{Key: key, Value: value}
}

// writtenKey is the key of each traceparent header that this package writes. isWritten
// compares the address of the text. If a key has the same text at another address, the
// program wrote the header.
var writtenKey = strings.Clone("traceparent")

func isWritten(h *kgo.RecordHeader) bool {
	return len(h.Key) == len(writtenKey) && unsafe.StringData(h.Key) == unsafe.StringData(writtenKey)
}

// withoutWritten returns headers without the trace context that this package has added. The
// headers contain such a trace context if the record was produced before.
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

// size returns the number of bytes of headers. It counts them as franz-go does.
func size(headers []kgo.RecordHeader) (n int) {
	for i := range headers {
		n += len(headers[i].Key) + len(headers[i].Value)
	}
	return n
}
