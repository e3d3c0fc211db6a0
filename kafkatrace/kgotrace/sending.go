package kgotrace

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace"
)

// A sending is the context of a record while the record is being sent.
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

// giveBack restores the context and the headers of r before the promise is called, unless
// other code has changed them. franz-go adds the size of the headers to its count after the
// hook that adds a traceparent, and subtracts the size after this hook. If the size changed
// in between, the count would stay wrong. Therefore the headers are restored only if their
// size stays the same, or if the record was never counted.
func (s *sending) giveBack(r *kgo.Record, err error) {
	if r.Context == context.Context(s) {
		r.Context = s.parent
	}
	uncounted := errors.Is(err, kgo.ErrMaxBuffered)
	if same(r.Headers, s.written) && (uncounted || size(s.headers) == size(s.written)) {
		r.Headers = s.headers
	}
}
