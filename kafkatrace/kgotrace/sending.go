package kgotrace

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// A sending is the context.Context of a record that is being sent.
type sending struct {
	context.Context //nolint:containedctx // sending is a context itself

	parent  context.Context //nolint:containedctx // the context that the record gets back
	headers []kgo.RecordHeader
	written []kgo.RecordHeader
	message kafkatrace.Message
	end     func(error)
	acks    bool
}

type sendingKey struct{}

// Value returns s for the key sendingKey.
func (s *sending) Value(key any) any {
	if key == (sendingKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// giveBack sets the context and the headers of r back before the promise is called, unless
// other code has changed them. The headers cannot always be set back, because franz-go reads
// the size of the headers at two times. After OnProduceRecordBuffered, it adds the size to
// the number of buffered bytes. After OnProduceRecordUnbuffered, it subtracts the size
// again. If the size changed in between, the number of buffered bytes would stay wrong.
// Therefore the headers are set back only if their size stays the same.
func (s *sending) giveBack(r *kgo.Record) {
	if r.Context == context.Context(s) {
		r.Context = s.parent
	}
	if header.Same(r.Headers, s.written) && size(s.headers) == size(s.written) {
		r.Headers = s.headers
	}
}
