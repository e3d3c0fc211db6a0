package kafkatrace

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// mostLinks is the maximum number of links of a span. SDKs have the same default limit.
const mostLinks = 128

// omittedKey is the key of an attribute of a batch span. The value is the number of messages
// whose senders got no link, because the span already had mostLinks links.
const omittedKey = attribute.Key("spor.messaging.batch.unlinked_message_count")

// A batch collects data about several messages for one span.
type batch struct {
	count     int
	topic     string // "" if the messages have several topics
	partition int32  // -1 if the messages have several partitions

	sampled, unsampled senders
	missing            int // number of messages whose sender was not stored because of the limit
}

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

// link stores sc, the span that sent m, so that the batch span can get a link to it. At most
// mostLinks sampled spans and mostLinks unsampled spans are stored. If sc is not stored, link
// increases b.missing.
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

// senders stores the spans that sent messages. Each span is stored only once. At most
// mostLinks spans (128) are stored.
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
	offset    int64 // topic, partition and offset belong to the first message of this sender
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

// links appends one link per sender to the parameter links. It stops when the result has
// mostLinks elements.
func (s *senders) links(links []trace.Link) []trace.Link {
	room := min(len(s.list), mostLinks-len(links))
	links = slices.Grow(links, room)
	all := make([]attribute.KeyValue, 0, 3*room) // the attributes of all links, in one allocation
	for _, from := range s.list[:room] {
		all = append(all, semconv.MessagingDestinationName(from.topic), partitionID(from.partition),
			semconv.MessagingKafkaOffsetKey.Int64(from.offset))
		links = append(links, trace.Link{SpanContext: from.context, Attributes: all[len(all)-3 : len(all) : len(all)]})
	}
	return links
}
