package kafkagotrace

import (
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/nais/spor/kafkatrace"
)

// A sending is a message on its way, which travels as its WriterData.
type sending struct {
	write   *write
	message kafkatrace.Message
	end     func(error)
	once    sync.Once

	headers    []kafka.Header // the program's
	writerData any            // likewise
}

// finish ends the span, once.
func (s *sending) finish(err error) { s.once.Do(func() { s.end(err) }) }

// giveBack makes msg what the program gave, and returns its sending, nil if it has
// none.
func giveBack(msg *kafka.Message) *sending {
	s, ok := msg.WriterData.(*sending)
	if !ok {
		return nil
	}
	msg.WriterData, msg.Headers = s.writerData, s.headers
	return s
}
