package saramatrace

import (
	"math"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
	"github.com/nais/spor/kafkatrace/internal/report"
)

// A sending is a message whose span has not ended.
type sending struct {
	message kafkatrace.Message
	end     func(error)

	sent    *sarama.ProducerMessage
	headers []sarama.RecordHeader // the headers of msg before begin, with those of Inject
	offset  int64                 // the offset of msg before begin
	handed  time.Time             // when sarama got the message; zero if sarama returns successes

	same         *sending // an earlier sending of the same message, or nil
	older, newer *sending
}

// unknownOffset is an offset that no broker returns. begin sets it, because without
// acknowledgements sarama does not change the offset of a message.
const unknownOffset = math.MinInt64

// begin starts the span of sending msg. It adds a trace context to the headers only if
// withHeaders is true.
func begin(t *adapter.Tracer, msg *sarama.ProducerMessage, withHeaders bool) *sending {
	s := &sending{sent: msg, headers: msg.Headers, offset: msg.Offset}
	s.message = kafkatrace.Message{Topic: msg.Topic, Key: keyOf(msg.Key), Tombstone: msg.Value == nil}
	if withHeaders {
		s.message.Headers = (*produced)(&msg.Headers)
	}
	_, s.end = t.StartSend(parentOf(msg), &s.message)
	msg.Offset = unknownOffset
	return s
}

// keyOf returns the key if it needs no encoding, and nil otherwise.
func keyOf(e sarama.Encoder) []byte {
	switch key := e.(type) {
	case sarama.ByteEncoder:
		return key
	case sarama.StringEncoder:
		return []byte(key)
	}
	return nil
}

// finish ends the span and restores the message, except for the partition and the offset
// that the broker returned.
func (s *sending) finish(err error) {
	if err == nil && s.sent.Offset != unknownOffset {
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

func (s *sending) giveBack() {
	if s.sent.Offset == unknownOffset {
		s.sent.Offset = s.offset
	}
	s.sent.Headers = withoutInjected(s.headers)
}
