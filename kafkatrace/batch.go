package kafkatrace

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// mostLinks is how many links a span has at most, which is also what SDKs keep.
const mostLinks = 128

// omittedKey says how many messages of a batch sent a context to which the span
// has no link.
const omittedKey = attribute.Key("messaging.batch.unlinked_message_count")

// A batch is what is known of several messages.
type batch struct {
	count     int
	topic     string // "" when there are several
	partition int32  // -1 when there are several

	sampled, unsampled senders
	missing            int // messages whose sender found no room
}

// add counts m. A batch with several topics or partitions has none.
func (b *batch) add(m *Message) {
	if b.count == 0 {
		b.topic, b.partition = m.Topic, m.Partition
	}
	if m.Topic != b.topic {
		b.topic, b.partition = "", -1
	}
	if m.Partition != b.partition {
		b.partition = -1
	}
	b.count++
}

// link adds a link to sc, which sent m, if there is room.
func (b *batch) link(sc trace.SpanContext, m *Message) {
	if !sc.IsValid() {
		return
	}
	into := &b.unsampled
	if sc.IsSampled() {
		into = &b.sampled
	}
	if !into.add(sc, m) {
		b.missing++
	}
}

// start returns what the span starts with, beyond what all of its kind do.
func (b *batch) start() []trace.SpanStartOption {
	links := b.sampled.links(nil)
	links = b.unsampled.links(links)
	missing := b.missing
	for _, s := range b.unsampled.list[len(links)-len(b.sampled.list):] {
		missing += s.messages
	}
	attrs := []attribute.KeyValue{semconv.MessagingBatchMessageCount(b.count)}
	if missing > 0 {
		attrs = append(attrs, omittedKey.Int(missing))
	}
	return []trace.SpanStartOption{trace.WithAttributes(attrs...), trace.WithLinks(links...)}
}

// senders are the spans that sent messages, each once, 128 at most.
type senders struct {
	list []sender
	at   map[spanKey]int
}

type spanKey struct {
	trace trace.TraceID
	span  trace.SpanID
}

type sender struct {
	context   trace.SpanContext
	messages  int
	topic     string
	partition int32
	offset    int64 // of the first message
}

func (s *senders) add(sc trace.SpanContext, m *Message) (found bool) {
	key := spanKey{sc.TraceID(), sc.SpanID()}
	if i, known := s.at[key]; known {
		s.list[i].messages++
		return true
	}
	if len(s.list) == mostLinks {
		return false
	}
	if s.at == nil {
		s.at = map[spanKey]int{}
	}
	s.at[key] = len(s.list)
	s.list = append(s.list, sender{sc, 1, m.Topic, m.Partition, m.Offset})
	return true
}

func (s *senders) links(links []trace.Link) []trace.Link {
	for _, from := range s.list {
		if len(links) == mostLinks {
			break
		}
		links = append(links, trace.Link{SpanContext: from.context, Attributes: []attribute.KeyValue{
			semconv.MessagingDestinationName(from.topic), partitionID(from.partition),
			semconv.MessagingKafkaOffsetKey.Int64(from.offset),
		}})
	}
	return links
}
