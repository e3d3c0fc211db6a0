package kafkatrace

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// mostLinks is the maximum number of links of a span. SDKs have the same default limit.
const mostLinks = 128

// omittedKey is the number of messages in a batch to whose senders the span has no link.
const omittedKey = attribute.Key("messaging.batch.unlinked_message_count")

// A batch collects data about several messages for one span.
type batch struct {
	count     int
	topic     string // "" if the messages have several topics
	partition int32  // -1 if the messages have several partitions

	sampled, unsampled senders
	missing            int // messages whose sender was not kept because of the limit
}

// add counts m and updates the topic and the partition of the batch.
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

// link adds sc, the span that sent m, to the spans that get a link, unless there are too
// many.
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

// start returns options for the start of the span: the links and attributes of the batch.
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

// senders keeps the spans that sent messages, each one once. It keeps at most mostLinks
// spans, which is 128.
type senders struct {
	list []sender
	at   map[spanKey]int
}

type spanKey struct {
	trace trace.TraceID
	span  trace.SpanID
}

// A sender is a span that sent messages of the batch.
type sender struct {
	context   trace.SpanContext
	messages  int
	topic     string
	partition int32
	offset    int64 // topic, partition and offset are those of the first message
}

// add records that sc sent m. It returns false if sc is new and the maximum number of
// senders is reached.
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

// links appends a link to each sender to links, until links has mostLinks elements.
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
