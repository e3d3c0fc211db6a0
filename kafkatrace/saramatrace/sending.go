package saramatrace

import (
	"math"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
)

// A sending is a message on its way.
type sending struct {
	message kafkatrace.Message
	end     func(error)

	sent    *sarama.ProducerMessage
	headers []sarama.RecordHeader // the program's
	offset  int64                 // likewise
	handed  time.Time

	older, newer *sending // of those that nobody tells of
	next         *sending // of the same message
}

// untold is an offset that no broker tells. Without acknowledgements sarama leaves
// the one that the message has.
const untold = math.MinInt64

// begin starts the span of sending msg. Without withHeaders it has no room for a
// trace context.
func begin(t *kafkatrace.Tracer, msg *sarama.ProducerMessage, withHeaders bool) *sending {
	s := &sending{sent: msg, headers: msg.Headers, offset: msg.Offset}
	s.message = kafkatrace.Message{Topic: msg.Topic, Key: keyOf(msg.Key), Tombstone: msg.Value == nil}
	if withHeaders {
		s.message.Headers = (*produced)(&msg.Headers)
	}
	_, s.end = t.StartSend(parentOf(msg), &s.message)
	msg.Offset = untold
	return s
}

// keyOf returns the key if that costs nothing.
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
	if err == nil && s.sent.Offset != untold {
		s.message.Acked, s.message.Partition, s.message.Offset = true, s.sent.Partition, s.sent.Offset
	}
	s.giveBack()
	s.end(err)
}

func (s *sending) giveBack() {
	if s.sent.Offset == untold {
		s.sent.Offset = s.offset
	}
	s.sent.Headers = s.headers
}
