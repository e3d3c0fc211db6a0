package kafkagotrace

import (
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/nais/spor/kafkatrace"
)

// A sending contains data about a message whose span has not ended. It is stored in the
// field WriterData of the message.
type sending struct {
	message kafkatrace.Message
	end     func(error)
	once    sync.Once
	// assigned is true if the message has a partition. Only the goroutine that called
	// WriteMessages uses it.
	assigned bool

	headers    []kafka.Header // the headers that the program set
	traced     []kafka.Header // the headers with the trace context
	writerData any            // the WriterData that the program set
}

// finish ends the span. Later calls do nothing.
func (s *sending) finish(err error) { s.once.Do(func() { s.end(err) }) }

// giveBack sets the fields of msg back to the values that the program set. It returns the
// sending that is stored in msg. If there is no sending, it returns nil.
func giveBack(msg *kafka.Message) *sending {
	s, ok := msg.WriterData.(*sending)
	if !ok {
		return nil
	}
	msg.WriterData, msg.Headers = s.writerData, s.headers
	return s
}
