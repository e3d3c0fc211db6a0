package waterfall

import (
	"strconv"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// maxNotes is the maximum number of exceptions that are drawn for one span. It is also the
// maximum number of links.
const maxNotes = 3

// The method notes returns the lines that are drawn under the line of a span. They show the
// errors and the links of the span. If the parent of the span has not arrived, they also show the
// ID of the parent.
func (b *rowBuilder) notes(s *tracetree.Span) []cell {
	notes := errorNotes(s)
	for i, link := range s.GetLinks() {
		if i == maxNotes {
			notes = append(notes, cell{"→ " + count(len(s.GetLinks())-i, "more link"), faint})
			break
		}
		notes = append(notes, cell{"→ linked to " + b.linked(link), faint})
	}
	parent := hexID(s.GetParentSpanId())
	switch {
	case s.Orphan:
		notes = append(notes, cell{"↑ its parent, span " + parent + ", did not arrive", yellow})
	case b.fromElsewhere(s):
		notes = append(notes, cell{"↑ called from span " + parent + ", which is in another program or has not ended", faint})
	}
	return notes
}

// fromElsewhere reports whether s has a parent that is not one of the spans that arrived.
func (b *rowBuilder) fromElsewhere(s *tracetree.Span) bool {
	id := s.GetParentSpanId()
	if len(id) != len(tracetree.SpanID{}) || tracetree.SpanID(id) == (tracetree.SpanID{}) {
		return false
	}
	return b.spans[tracetree.SpanID(id)] == nil
}

// The method linked returns the span ID of the linked span. If the linked span is in another
// trace, it also returns the ID of that trace. If the linked span is one of the spans of this
// trace that have arrived, it also returns the name of the linked span.
func (b *rowBuilder) linked(link *tracepb.Span_Link) string {
	span := "span " + hexID(link.GetSpanId())
	if hexID(link.GetTraceId()) != b.trace.String() {
		return "trace " + hexID(link.GetTraceId()) + " " + span
	}
	if len(link.GetSpanId()) == len(tracetree.SpanID{}) {
		if to := b.spans[tracetree.SpanID(link.GetSpanId())]; to != nil {
			return span + " (" + nameOf(to) + ")"
		}
	}
	return span
}

// errorNotes returns the texts of the errors of s. If another text already contains the
// description of the status, errorNotes leaves out this description.
func errorNotes(s *tracetree.Span) []cell {
	var notes []cell
	description := line(s.GetStatus().GetMessage())
	shown := false
	for _, text := range exceptions(s.GetEvents()) {
		shown = shown || strings.Contains(text, description)
		notes = append(notes, cell{text, red})
	}
	if !s.Failed() || shown && description != "" {
		return notes
	}
	if description == "" && len(notes) == 0 {
		description = errorType(s)
	}
	if description == "" {
		return notes
	}
	return append([]cell{{description, red}}, notes...)
}

func exceptions(events []*tracepb.Span_Event) []string {
	var texts []string
	for _, event := range events {
		if event.GetName() != "exception" || len(texts) == maxNotes {
			continue
		}
		a := attributes(event.GetAttributes())
		kind, message := a.first("exception.type"), a.first("exception.message")
		if kind != "" && message != "" {
			kind += ": "
		}
		if kind+message != "" {
			texts = append(texts, kind+message)
		}
	}
	return texts
}

// errorType returns the error.type of s. If error.type is a number, it returns "", because the
// number is a status code, and the details already show it.
func errorType(s *tracetree.Span) string {
	text := attributes(s.GetAttributes()).first("error.type")
	if _, err := strconv.Atoi(text); err == nil {
		return ""
	}
	return text
}

func hexID(id []byte) string {
	switch len(id) {
	case len(tracetree.ID{}):
		return tracetree.ID(id).String()
	case len(tracetree.SpanID{}):
		return tracetree.SpanID(id).String()
	default:
		return "(none)"
	}
}
