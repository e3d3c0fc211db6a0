package saramatrace

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
	"github.com/nais/spor/kafkatrace/internal/header"
	"github.com/nais/spor/kafkatrace/internal/report"
)

// A sending is a message whose span has not ended.
type sending struct {
	message kafkatrace.Message
	end     func(error)

	sent    *sarama.ProducerMessage // nil after letGo
	headers []sarama.RecordHeader   // the headers before begin, without the headers of Inject
	written []sarama.RecordHeader   // the headers after begin
	offset  int64                   // the offset before begin
	handed  time.Time               // the end time of the span; zero means the time of the answer

	key          any      // the key in sendings.of
	same         *sending // an earlier sending of the same message, or nil
	older, newer *sending
}

// unknownOffset is an offset that no broker returns. begin sets the offset of a message to
// this value. If sarama gets no acknowledgement, it does not change the offset, and finish
// recognizes the value.
const unknownOffset = math.MinInt64

// begin starts the send span for msg. The parent of the span is the span in ctx. begin adds a
// trace context to the headers only if withHeaders is true.
func begin(ctx context.Context, t *adapter.Tracer, msg *sarama.ProducerMessage, withHeaders bool) *sending {
	msg.Headers = withoutInjected(msg.Headers)
	s := &sending{sent: msg, headers: msg.Headers, offset: msg.Offset}
	s.message = kafkatrace.Message{Topic: msg.Topic, Key: keyOf(msg.Key), Tombstone: msg.Value == nil}
	if withHeaders {
		s.message.Headers = (*produced)(&msg.Headers)
	}
	_, s.end = t.StartSend(ctx, &s.message)
	s.written = msg.Headers
	msg.Offset = unknownOffset
	return s
}

// keyOf returns the key as bytes if the key is a ByteEncoder or a StringEncoder. Otherwise,
// it returns nil.
func keyOf(e sarama.Encoder) []byte {
	switch key := e.(type) {
	case sarama.ByteEncoder:
		return key
	case sarama.StringEncoder:
		return []byte(key)
	}
	return nil
}

// finish ends the span and restores the message. The partition and the offset that the
// broker returned are not changed.
func (s *sending) finish(err error, acks bool) {
	if err == nil && acks && s.sent.Offset != unknownOffset {
		s.message.Acked, s.message.Partition, s.message.Offset = true, s.sent.Partition, s.sent.Offset
	}
	s.giveBack()
	s.end(s.outcome(err))
}

func (s *sending) outcome(err error) error {
	if s.handed.IsZero() {
		return err
	}
	return &report.EndTime{At: s.handed, Cause: err}
}

// letGo drops all references to the message, because sarama may not return it. The offset is
// set back now. The span ends at the current time, unless sarama returns the message.
func (s *sending) letGo() {
	s.sent.Offset, s.handed = s.offset, time.Now()
	s.sent, s.message.Key, s.message.Headers = nil, nil, nil
}

// giveBack sets the message back. If the program's own interceptors have changed the headers,
// only the trace context is removed.
func (s *sending) giveBack() {
	if s.sent.Offset == unknownOffset {
		s.sent.Offset = s.offset
	}
	if header.Same(s.sent.Headers, s.written) {
		s.sent.Headers = s.headers
		return
	}
	if slices.ContainsFunc(s.sent.Headers, isWritten) {
		(*produced)(&s.sent.Headers).Replace(nil, "traceparent", "tracestate")
	}
}
