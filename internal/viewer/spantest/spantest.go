// Package spantest writes spans down shortly, for the tests of what shows them.
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

// Begin is the time from which a Span's times count.
var Begin = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A Span is a span. Numbers stand for IDs, 0 for none.
type Span struct {
	Trace, ID, Parent uint64
	Service, Name     string
	Kind              tracepb.Span_SpanKind
	From, To          time.Duration // since Begin
	Error             string        // its description; "" means that it did not fail
	Attributes        map[string]any
	Events            []*tracepb.Span_Event
	Links             []*tracepb.Span_Link
}

// TraceID returns the ID that n stands for.
func TraceID(n uint64) tracetree.ID {
	var id tracetree.ID
	id[0] = 0x5b
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// SpanID returns the ID that n stands for.
func SpanID(n uint64) tracetree.SpanID {
	var id tracetree.SpanID
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// Request returns spans as they are exported, those of a service together.
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
	return uint64(Begin.Add(d).UnixNano()) //nolint:gosec // long after 1970
}

// Attributes returns attributes, whose values are strings, ints or bools, by
// name.
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

// Kinds by the names that tests are read with.
const (
	Internal = tracepb.Span_SPAN_KIND_INTERNAL
	Server   = tracepb.Span_SPAN_KIND_SERVER
	Client   = tracepb.Span_SPAN_KIND_CLIENT
	Producer = tracepb.Span_SPAN_KIND_PRODUCER
	Consumer = tracepb.Span_SPAN_KIND_CONSUMER
)
