package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/nais/spor/internal/viewer"
)

// A SpanID selects one span.
type SpanID struct {
	Trace string `json:"trace_id" jsonschema:"the ID of the trace, 32 hex digits"`
	ID    string `json:"span_id" jsonschema:"the ID of the span, 16 hex digits"`
}

// A Span is a span with all its attributes, events and links. If the span has an attribute under
// the stable name and under the older name, Attributes contains only the stable name.
type Span struct {
	ID         string            `json:"span_id"`
	Parent     string            `json:"parent_id,omitempty"`
	Name       string            `json:"name"`
	Service    string            `json:"service"`
	Kind       string            `json:"kind,omitempty"`
	Status     string            `json:"status" jsonschema:"error, ok or unset"`
	Message    string            `json:"message,omitempty" jsonschema:"the description of the status"`
	Start      string            `json:"start" jsonschema:"RFC 3339, UTC"`
	Duration   float64           `json:"duration_ms"`
	Attributes map[string]string `json:"attributes"`
	Resource   map[string]string `json:"resource"`
	Events     []Event           `json:"events"`
	Links      []Link            `json:"links"`
	Scope      string            `json:"scope,omitempty" jsonschema:"the library that made the span"`
}

// An Event is an event of a [Span].
type Event struct {
	Name       string            `json:"name"`
	Offset     float64           `json:"offset_ms" jsonschema:"time since the start of the span"`
	Exception  string            `json:"exception,omitempty" jsonschema:"type and message of the exception"`
	Stack      string            `json:"stack,omitempty"`
	Attributes map[string]string `json:"attributes"`
}

// A Link is a link of a [Span] to another span.
type Link struct {
	Trace string `json:"trace_id"`
	Span  string `json:"span_id"`
	Name  string `json:"name,omitempty"`
}

// Span returns one span.
func (s *Source) Span(ctx context.Context, q SpanID) (Span, error) {
	trace, span := strings.ToLower(q.Trace), strings.ToLower(q.ID)
	if !isHex(trace, 32) || !isHex(span, 16) {
		return Span{}, invalid("trace ID %q and span ID %q (want 32 and 16 hex digits)", q.Trace, q.ID)
	}
	var d viewer.Detail
	if err := s.get(ctx, "traces/"+trace+"/spans/"+span, nil, &d); err != nil {
		return Span{}, fmt.Errorf("span %s of trace %s: %w", span, trace, err)
	}
	answer := Span{
		ID: d.ID, Parent: d.Parent, Name: d.Name, Service: d.Service, Kind: d.Kind, Status: d.Status, Message: d.Message,
		Start: at(d.Start), Duration: millis(d.Duration), Attributes: mapOf(d.Attributes), Resource: mapOf(d.Resource),
		Events: []Event{}, Links: []Link{}, Scope: d.Scope,
	}
	for _, e := range d.Events {
		answer.Events = append(answer.Events, Event{e.Name, millis(e.Offset), e.Exception, e.Stack, mapOf(e.Attributes)})
	}
	for _, l := range d.Links {
		answer.Links = append(answer.Links, Link{l.Trace, l.Span, l.Name})
	}
	return answer, nil
}

func mapOf(attributes []viewer.Attribute) map[string]string {
	values := make(map[string]string, len(attributes))
	for _, a := range attributes {
		values[a.Key] = a.Value
	}
	return values
}
