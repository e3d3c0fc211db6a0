// Package spantest provides a short notation for spans. Tests of code that shows spans use it.
package spantest

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// Begin is a fixed time. From and To of a [Span] are relative to it.
var Begin = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A Span describes a span. Trace, ID and Parent are numbers, which [TraceID] and [SpanID]
// convert to IDs. If Parent is 0, the span is a root span.
type Span struct {
	Trace, ID, Parent uint64
	Service, Name     string
	Kind              tracepb.Span_SpanKind
	From, To          time.Duration // start and end, relative to Begin
	Error             string        // the description of the error status; "" means no error
	Attributes        map[string]any
	Events            []*tracepb.Span_Event
	Links             []*tracepb.Span_Link
}

// TraceID returns the trace ID for the number n.
func TraceID(n uint64) tracetree.ID {
	var id tracetree.ID
	id[0] = 0x5b
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// SpanID returns the span ID for the number n.
func SpanID(n uint64) tracetree.SpanID {
	var id tracetree.SpanID
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// Request returns an export request with spans. Spans of the same service have the same
// resource.
func Request(spans ...Span) *coltrace.ExportTraceServiceRequest {
	byService := map[string]*tracepb.ScopeSpans{}
	r := &coltrace.ExportTraceServiceRequest{}
	for _, s := range spans {
		if byService[s.Service] == nil {
			byService[s.Service] = &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: "spantest"}}
			r.ResourceSpans = append(r.ResourceSpans, &tracepb.ResourceSpans{
				Resource:   &resourcepb.Resource{Attributes: Attributes(map[string]any{"service.name": s.Service})},
				ScopeSpans: []*tracepb.ScopeSpans{byService[s.Service]},
			})
		}
		byService[s.Service].Spans = append(byService[s.Service].Spans, s.message())
	}
	return r
}

func (s Span) message() *tracepb.Span {
	trace, id := TraceID(s.Trace), SpanID(s.ID)
	m := &tracepb.Span{
		TraceId: trace[:], SpanId: id[:], Name: s.Name, Kind: s.Kind,
		StartTimeUnixNano: nanos(s.From), EndTimeUnixNano: nanos(s.To),
		Attributes: Attributes(s.Attributes), Events: s.Events, Links: s.Links,
	}
	if s.Parent != 0 {
		parent := SpanID(s.Parent)
		m.ParentSpanId = parent[:]
	}
	if s.Error != "" {
		m.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.Error}
	}
	return m
}

func nanos(d time.Duration) uint64 {
	return uint64(Begin.Add(d).UnixNano()) //nolint:gosec // the time is after 1970
}

// Attributes converts values to attributes, sorted by name. Each value must be a string, an int
// or a bool.
func Attributes(values map[string]any) []*commonpb.KeyValue {
	var list []*commonpb.KeyValue
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := &commonpb.AnyValue{}
		switch v := values[key].(type) {
		case string:
			value.Value = &commonpb.AnyValue_StringValue{StringValue: v}
		case int:
			value.Value = &commonpb.AnyValue_IntValue{IntValue: int64(v)}
		case bool:
			value.Value = &commonpb.AnyValue_BoolValue{BoolValue: v}
		}
		list = append(list, &commonpb.KeyValue{Key: key, Value: value})
	}
	return list
}

// Short names for the kinds of spans.
const (
	Internal = tracepb.Span_SPAN_KIND_INTERNAL
	Server   = tracepb.Span_SPAN_KIND_SERVER
	Client   = tracepb.Span_SPAN_KIND_CLIENT
	Producer = tracepb.Span_SPAN_KIND_PRODUCER
	Consumer = tracepb.Span_SPAN_KIND_CONSUMER
)
