package otlp

import (
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// AppendSpan appends span to b, as an element of ScopeSpans.spans. It also returns the key of the
// span's scope and resource.
func (e *Encoder) AppendSpan(b []byte, span sdktrace.ReadOnlySpan) ([]byte, *ScopeKey) {
	scope := e.ScopeKey(span)
	if scope.completes {
		span = e.rules.Complete(span)
	}
	b = append(b, scopeSpansSpans)
	b, at := open(b, 2)
	b = e.appendIdentity(b, span)
	b = append(b, e.cache.name(span.Name())...)
	b = append(b, spanKind, byte(kind(span.SpanKind())))
	b = appendTime(b, spanStart, span.StartTime())
	b = appendTime(b, spanEnd, span.EndTime())
	b = e.cache.appendSpanAttributes(b, span.Attributes())
	b = e.appendAdded(b, span)
	b = appendCount(b, spanDroppedAttributes, span.DroppedAttributes())
	b = e.appendEvents(b, span.Events())
	b = appendCount(b, spanDroppedEvents, span.DroppedEvents())
	b = e.appendLinks(b, span.Links())
	b = appendCount(b, spanDroppedLinks, span.DroppedLinks())
	b = e.appendStatus(b, span.Status())
	return closed(b, at, 2), scope
}

func (e *Encoder) appendAdded(b []byte, span sdktrace.ReadOnlySpan) []byte {
	e.added = e.rules.AppendAdded(e.added[:0], span)
	b = appendAttributes(b, spanAttributes, e.added, e.rules)
	clear(e.added) // otherwise e.added would keep texts of the program in memory
	return b
}

func (e *Encoder) appendIdentity(b []byte, span sdktrace.ReadOnlySpan) []byte {
	context, parent := span.SpanContext(), span.Parent()
	traceID, spanID, parentID := context.TraceID(), context.SpanID(), parent.SpanID()
	b = appendID(b, spanTraceID, traceID[:])
	b = appendID(b, spanSpanID, spanID[:])
	if state := context.TraceState(); state.Len() > 0 {
		b = appendText(b, spanTraceState, e.rules.TraceState(state).String())
	}
	if parentID.IsValid() {
		b = appendID(b, spanParent, parentID[:])
	}
	return appendFlags(b, spanFlags, context.TraceFlags(), parent.IsRemote())
}

// appendFlags appends the trace flags of a span or a link. remote is true if the parent span,
// or the linked span, is in another process.
func appendFlags(b []byte, field uint64, flags trace.TraceFlags, remote bool) []byte {
	all := uint32(flags) | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if remote {
		all |= uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	b = appendVarint(b, field)
	return protowire.AppendFixed32(b, all)
}

// appendTime appends t. Times before 1970 cannot be encoded, and are written as 0.
func appendTime(b []byte, field byte, t time.Time) []byte {
	b = append(b, field)
	return protowire.AppendFixed64(b, uint64(max(0, t.UnixNano())))
}

func (e *Encoder) appendEvents(b []byte, events []sdktrace.Event) []byte {
	for i := range events {
		event := &events[i]
		b = append(b, spanEvents)
		var at int
		b, at = open(b, 2)
		b = appendTime(b, eventTime, event.Time)
		b = appendText(b, eventName, e.rules.Text(event.Name))
		b = appendAttributes(b, eventAttributes, event.Attributes, e.rules)
		b = appendCount(b, eventDroppedAttributes, event.DroppedAttributeCount)
		b = closed(b, at, 2)
	}
	return b
}

// appendLinks appends links without the trace states of the links. OpenTelemetry's exporter
// also leaves them out.
func (e *Encoder) appendLinks(b []byte, links []sdktrace.Link) []byte {
	for i := range links {
		link := &links[i]
		traceID, spanID := link.SpanContext.TraceID(), link.SpanContext.SpanID()
		b = append(b, spanLinks)
		var at int
		b, at = open(b, 1)
		b = appendID(b, linkTraceID, traceID[:])
		b = appendID(b, linkSpanID, spanID[:])
		b = appendAttributes(b, linkAttributes, link.Attributes, e.rules)
		b = appendCount(b, linkDroppedAttributes, link.DroppedAttributeCount)
		b = appendFlags(b, linkFlags, link.SpanContext.TraceFlags(), link.SpanContext.IsRemote())
		b = closed(b, at, 1)
	}
	return b
}

func (e *Encoder) appendStatus(b []byte, status sdktrace.Status) []byte {
	b = append(b, spanStatus)
	b, at := open(b, 1)
	b = appendText(b, statusMessage, e.rules.Text(status.Description))
	switch status.Code {
	case codes.Ok:
		b = append(b, statusCode, byte(tracepb.Status_STATUS_CODE_OK))
	case codes.Error:
		b = append(b, statusCode, byte(tracepb.Status_STATUS_CODE_ERROR))
	}
	return closed(b, at, 1)
}

func kind(k trace.SpanKind) tracepb.Span_SpanKind {
	switch k {
	case trace.SpanKindInternal:
		return tracepb.Span_SPAN_KIND_INTERNAL
	case trace.SpanKindServer:
		return tracepb.Span_SPAN_KIND_SERVER
	case trace.SpanKindClient:
		return tracepb.Span_SPAN_KIND_CLIENT
	case trace.SpanKindProducer:
		return tracepb.Span_SPAN_KIND_PRODUCER
	case trace.SpanKindConsumer:
		return tracepb.Span_SPAN_KIND_CONSUMER
	}
	return tracepb.Span_SPAN_KIND_UNSPECIFIED
}
