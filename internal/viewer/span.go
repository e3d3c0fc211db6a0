package viewer

import (
	"encoding/hex"
	"slices"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// A Detail contains everything that a page shows about one span.
type Detail struct {
	ID         string      `json:"id"`
	Parent     string      `json:"parent,omitempty"`
	ParentHere bool        `json:"parentHere,omitempty"` // true if the parent is in the store
	Name       string      `json:"name"`
	Service    string      `json:"service"`
	Kind       string      `json:"kind"`
	Status     string      `json:"status"` // "error", "ok" or "unset"
	Message    string      `json:"message,omitempty"`
	Start      float64     `json:"start"`    // Unix ms
	Offset     int64       `json:"offset"`   // ns since the start of the trace
	Duration   int64       `json:"duration"` // ns
	Attributes []Attribute `json:"attributes"`
	Events     []Event     `json:"events"`
	Links      []Link      `json:"links"`
	Resource   []Attribute `json:"resource"`
	Scope      string      `json:"scope"`
	TraceState string      `json:"traceState,omitempty"`
	Dropped    int         `json:"dropped,omitempty"` // number of attributes, events and links that the SDK dropped
}

// An Attribute is an attribute of a span, a resource, a link, an event or a log record. Twin is
// the attribute that contains the same information under the older name. If there is no such
// attribute, Twin is nil.
type Attribute struct {
	Key   string     `json:"key"`
	Value string     `json:"value"`
	Type  string     `json:"type"`
	Twin  *Attribute `json:"twin,omitempty"`
}

// An Event is an event of a span.
type Event struct {
	Name       string      `json:"name"`
	Offset     int64       `json:"offset"` // ns since the start of the span
	Exception  string      `json:"exception,omitempty"`
	Stack      string      `json:"stack,omitempty"`
	Attributes []Attribute `json:"attributes"`
}

// A Link is a link of a span.
type Link struct {
	Trace      string      `json:"trace"`
	Span       string      `json:"span"`
	Name       string      `json:"name,omitempty"` // the name of the linked span, "" if it is not in the store
	Service    string      `json:"service,omitempty"`
	Here       bool        `json:"here"` // true if the linked trace is in the store
	Attributes []Attribute `json:"attributes"`
}

func newDetail(t *trace, span *tracetree.Span, traces map[tracetree.ID]*trace) Detail {
	d := Detail{
		ID: tracetree.SpanID(span.GetSpanId()).String(), Name: nameOf(span), Service: span.Service(), Kind: kindOf(span),
		Status:  strings.ToLower(strings.TrimPrefix(span.GetStatus().GetCode().String(), "STATUS_CODE_")),
		Message: strings.ToValidUTF8(span.GetStatus().GetMessage(), "\uFFFD"), Start: millis(span.GetStartTimeUnixNano()),
		Offset: elapsed(t.start, span.GetStartTimeUnixNano()), Duration: durationOf(span),
		Attributes: fold(span.GetAttributes()), Events: []Event{}, Links: []Link{},
		Resource: plain(span.Resource.GetAttributes()), Scope: strings.TrimSpace(span.Scope.GetName() + " " + span.Scope.GetVersion()),
		TraceState: span.GetTraceState(),
		Dropped:    int(span.GetDroppedAttributesCount() + span.GetDroppedEventsCount() + span.GetDroppedLinksCount()),
	}
	if parent := span.GetParentSpanId(); !isZero(parent) {
		d.Parent = hex.EncodeToString(parent)
		d.ParentHere = len(parent) == len(tracetree.SpanID{}) && t.spans[tracetree.SpanID(parent)] != nil
	}
	for _, event := range span.GetEvents() {
		d.Events = append(d.Events, eventOf(event, span.GetStartTimeUnixNano()))
	}
	for _, link := range span.GetLinks() {
		d.Links = append(d.Links, linkOf(link, traces))
	}
	return d
}

func eventOf(e *tracepb.Span_Event, start uint64) Event {
	event := Event{Name: e.GetName(), Offset: elapsed(start, e.GetTimeUnixNano()), Attributes: []Attribute{}}
	rest := slices.Clone(e.GetAttributes())
	if e.GetName() == "exception" {
		kind, message := otlpattr.First(rest, "exception.type"), otlpattr.First(rest, "exception.message")
		event.Stack = otlpattr.First(rest, "exception.stacktrace")
		event.Exception = strings.Trim(kind+": "+message, ": ")
		rest = slices.DeleteFunc(rest, func(kv *commonpb.KeyValue) bool {
			return kv.GetKey() == "exception.type" || kv.GetKey() == "exception.message" || kv.GetKey() == "exception.stacktrace"
		})
	}
	event.Attributes = plain(rest)
	return event
}

func linkOf(l *tracepb.Span_Link, traces map[tracetree.ID]*trace) Link {
	link := Link{
		Trace: hex.EncodeToString(l.GetTraceId()), Span: hex.EncodeToString(l.GetSpanId()), Attributes: plain(l.GetAttributes()),
	}
	if len(l.GetTraceId()) != len(tracetree.ID{}) || len(l.GetSpanId()) != len(tracetree.SpanID{}) {
		return link
	}
	t := traces[tracetree.ID(l.GetTraceId())]
	if t == nil {
		return link
	}
	link.Here = true
	if span := t.spans[tracetree.SpanID(l.GetSpanId())]; span != nil {
		link.Name, link.Service = nameOf(span), span.Service()
	}
	return link
}

// The function fold returns the attributes in list, sorted by name. If list contains an attribute
// under the stable name and also under the older name, the older attribute becomes the Twin of
// the stable attribute.
func fold(list []*commonpb.KeyValue) []Attribute {
	all := plain(list)
	place := map[string]int{}
	for i, a := range all {
		place[a.Key] = i
	}
	folded := all[:0:0]
	for i, a := range all {
		stable, twin := dialect.Stable(a.Key)
		if at, here := place[stable]; !twin || !here {
			folded = append(folded, a)
		} else {
			all[at].Twin = &all[i]
		}
	}
	for i := range folded {
		folded[i].Twin = all[place[folded[i].Key]].Twin
	}
	return folded
}

// The function plain returns the attributes in list, sorted by name.
func plain(list []*commonpb.KeyValue) []Attribute {
	all := make([]Attribute, 0, len(list))
	for _, kv := range list {
		all = append(all, Attribute{
			Key: strings.ToValidUTF8(kv.GetKey(), "\uFFFD"), Value: otlpattr.Text(kv.GetValue()), Type: typeOf(kv.GetValue()),
		})
	}
	slices.SortStableFunc(all, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	return all
}

func typeOf(v *commonpb.AnyValue) string {
	switch v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return "string"
	case *commonpb.AnyValue_BoolValue:
		return "bool"
	case *commonpb.AnyValue_IntValue:
		return "int"
	case *commonpb.AnyValue_DoubleValue:
		return "double"
	case *commonpb.AnyValue_BytesValue:
		return "bytes"
	case *commonpb.AnyValue_ArrayValue:
		return "array"
	case *commonpb.AnyValue_KvlistValue:
		return "map"
	default:
		return "empty"
	}
}

func nameOf(s *tracetree.Span) string {
	if name := strings.ToValidUTF8(s.GetName(), "\uFFFD"); name != "" {
		return name
	}
	return "(no name)"
}

func kindOf(s *tracetree.Span) string {
	if s.GetKind() == tracepb.Span_SPAN_KIND_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_"))
}
