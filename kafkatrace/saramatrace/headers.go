package saramatrace

import (
	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace/internal/header"
)

// produced is the type for the headers of a message to send. consumed is the type for the
// headers of a received message.
type (
	produced = header.List[sarama.RecordHeader, producerForm]
	consumed = header.List[*sarama.RecordHeader, consumerForm]
)

type producerForm struct{}

func (producerForm) Match(h *sarama.RecordHeader, key string) (exact, folded bool) {
	return header.Match(h.Key, key)
}
func (producerForm) Key(h *sarama.RecordHeader) string   { return string(h.Key) }
func (producerForm) Value(h *sarama.RecordHeader) []byte { return h.Value }
func (producerForm) New(key string, value []byte) sarama.RecordHeader {
	if key == "traceparent" {
		return sarama.RecordHeader{Key: written, Value: value}
	}
	return sarama.RecordHeader{Key: []byte(key), Value: value}
}

// written is the key of new traceparent headers. All these headers share this slice, so that
// the key is not allocated for each message.
var written = []byte("traceparent")

func isWritten(h sarama.RecordHeader) bool { return isTraceparent(h) && &h.Key[0] == &written[0] }

// consumerForm reads headers that may be nil pointers.
type consumerForm struct{}

func (consumerForm) Match(h **sarama.RecordHeader, key string) (exact, folded bool) {
	if *h == nil {
		return false, false
	}
	return header.Match((*h).Key, key)
}

func (consumerForm) Key(h **sarama.RecordHeader) string {
	if *h == nil {
		return ""
	}
	return string((*h).Key)
}

func (consumerForm) Value(h **sarama.RecordHeader) []byte {
	if *h == nil {
		return nil
	}
	return (*h).Value
}

func (consumerForm) New(key string, value []byte) *sarama.RecordHeader {
	return &sarama.RecordHeader{Key: []byte(key), Value: value}
}
