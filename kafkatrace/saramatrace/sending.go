package saramatrace

import (
	"math"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
	"github.com/nais/spor/kafkatrace/internal/report"
)

// A sending is a message on its way.
type sending struct {
	message kafkatrace.Message
	end     func(error)

	sent    *sarama.ProducerMessage
	headers []sarama.RecordHeader // the program's, and what Inject has added
	offset  int64                 // likewise
	handed  time.Time             // when, if nobody tells of its arrival

	same         *sending // an earlier one of the same message
	older, newer *sending
}

// unknownOffset is an offset that no broker returns. Without acknowledgements sarama leaves
// the one that the message has.
const unknownOffset = math.MinInt64

// begin starts the span of sending msg. Without withHeaders it has no room for a
// trace context.
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

// keyOf returns a key that is there already.
func keyOf(e sarama.Encoder) []byte {
	switch key := e.(type) {
	case sarama.ByteEncoder:
		return key
	case sarama.StringEncoder:
		return []byte(key)
	}
	return nil
}

// finish ends the span, and makes the message what it was but for what the broker
// told.
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
