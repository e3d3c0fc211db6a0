package kafkagotrace

import (
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/nais/spor/kafkatrace"
)

// A sending is a message whose span has not ended. It is stored in the message's
// WriterData.
type sending struct {
	write   *write
	message kafkatrace.Message
	end     func(error)
	once    sync.Once

	headers    []kafka.Header // the headers that the program set
	writerData any            // the WriterData that the program set
}

// finish ends the span. Later calls do nothing.
func (s *sending) finish(err error) { s.once.Do(func() { s.end(err) }) }

// giveBack restores the fields of msg that the program set. It returns the sending of msg,
// or nil if there is none.
func giveBack(msg *kafka.Message) *sending {
	s, ok := msg.WriterData.(*sending)
	if !ok {
		return nil
	}
	msg.WriterData, msg.Headers = s.writerData, s.headers
	return s
}
