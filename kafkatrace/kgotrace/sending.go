package kgotrace

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace"
)

// A sending is the context of a record that is being sent.
type sending struct {
	context.Context //nolint:containedctx // it is a context

	parent  context.Context //nolint:containedctx // what the record comes back with
	headers []kgo.RecordHeader
	written []kgo.RecordHeader
	message kafkatrace.Message
	end     func(error)
	acks    bool
}

type sendingKey struct{}

// Value finds the sending itself under a key of its own.
func (s *sending) Value(key any) any {
	if key == (sendingKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// giveBack restores the context and the headers of r, for the promise and for those
// who produce it again, unless somebody else has changed them since. franz-go counts
// the bytes of the headers after the hook that adds ours, and subtracts them after
// this hook: headers of another size would make its count wrong for ever. They are
// restored if their size is the same, or if the record was never counted.
func (s *sending) giveBack(r *kgo.Record, err error) {
	if r.Context == context.Context(s) {
		r.Context = s.parent
	}
	uncounted := errors.Is(err, kgo.ErrMaxBuffered)
	if same(r.Headers, s.written) && (uncounted || size(s.headers) == size(s.written)) {
		r.Headers = s.headers
	}
}
