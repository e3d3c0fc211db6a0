package kafkatrace

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/privacy"
)

// A Message contains the data about a Kafka record that is needed for spans and metrics.
type Message struct {
	// Topic is the topic of the record.
	Topic string
	// Partition and Offset are the position of the record. For a record that is sent, they
	// are used only if Acked is true.
	Partition int32
	Offset    int64
	// If a broker returned Partition and Offset, set Acked to true before the PRODUCER span
	// ends. Without acknowledgements, and after an error, Partition and Offset are unknown.
	Acked bool
	// Tombstone is true if the record has no value. An empty value is not a tombstone.
	Tombstone bool
	// Key is the key of the record. Nil means that the record has no key. The key is
	// recorded only with [WithKey].
	Key []byte
	// Headers is the carrier that the propagator reads and writes. Nil means that the record
	// has no headers, and that no headers can be added. See the function [Headers].
	Headers propagation.TextMapCarrier
}

// longestKey is the maximum length of a recorded key, in bytes.
const longestKey = 256

// key returns the key in the form that format returns. It returns "" if the key must not be
// recorded.
func (m *Message) key(format func([]byte) string) string {
	if format == nil || m.Key == nil {
		return ""
	}
	text := format(m.Key)
	if !utf8.ValidString(text) {
		return ""
	}
	if len(text) > longestKey {
		text = strings.ToValidUTF8(privacy.CutBytes(text, longestKey), "")
	}
	return text
}

func (m *Message) appendContent(attrs []attribute.KeyValue, format func([]byte) string) []attribute.KeyValue {
	if m.Tombstone {
		attrs = append(attrs, semconv.MessagingKafkaMessageTombstone(true))
	}
	if key := m.key(format); key != "" {
		attrs = append(attrs, semconv.MessagingKafkaMessageKey(key))
	}
	return attrs
}
