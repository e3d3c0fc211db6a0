package kafkatrace

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Message is what the messaging conventions need to know of a Kafka record.
type Message struct {
	// Topic is where the record is, or goes to.
	Topic string
	// Partition and Offset tell the place of a record that was consumed or, with
	// Acked, that was sent.
	Partition int32
	Offset    int64
	// Acked says, when the span of sending ends, that a broker told Partition and
	// Offset. Without acknowledgements, or after an error, nobody knows them.
	Acked bool
	// Tombstone says that the record has no value, as opposed to an empty one.
	Tombstone bool
	// Key is nil when the record has none. It is recorded only with [WithKey].
	Key []byte
	// Headers are read and written by the propagator; nil means that there are
	// none and can be none. See the function [Headers].
	Headers propagation.TextMapCarrier
}

// longestKey is how many bytes of a key are recorded.
const longestKey = 256

// key returns the key as format has it, "" if it is not to be recorded.
func (m *Message) key(format func([]byte) string) string {
	if format == nil || m.Key == nil {
		return ""
	}
	text := format(m.Key)
	if !utf8.ValidString(text) {
		return ""
	}
	if len(text) > longestKey {
		text = strings.ToValidUTF8(text[:longestKey], "")
	}
	return text
}

// appendContent appends what the conventions have of a record's key and value.
func (m *Message) appendContent(attrs []attribute.KeyValue, format func([]byte) string) []attribute.KeyValue {
	if m.Tombstone {
		attrs = append(attrs, semconv.MessagingKafkaMessageTombstone(true))
	}
	if key := m.key(format); key != "" {
		attrs = append(attrs, semconv.MessagingKafkaMessageKey(key))
	}
	return attrs
}
