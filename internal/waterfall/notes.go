package waterfall

import (
	"strconv"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// maxNotes is the maximum number of exceptions, and also of links, in the drawing of one
// span.
const maxNotes = 3

// notes returns the lines below a span. They describe its errors, its links, and a parent
// that is not in the drawing.
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

// fromElsewhere reports whether the parent of s is not among the spans that arrived.
func (b *rowBuilder) fromElsewhere(s *tracetree.Span) bool {
	id := s.GetParentSpanId()
	if len(id) != len(tracetree.SpanID{}) || tracetree.SpanID(id) == (tracetree.SpanID{}) {
		return false
	}
	return b.spans[tracetree.SpanID(id)] == nil
}

// linked returns the IDs of the linked span. If it is in the same trace, its name is
// included.
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

// errorNotes returns the texts of the errors of s. A text that is part of another one is
// left out.
func errorNotes(s *tracetree.Span) []cell {
	var notes []cell
	description := line(s.GetStatus().GetMessage())
	shown := false
	for _, text := range exceptions(s.GetEvents()) {
		shown = shown || strings.Contains(text, description)
		notes = append(notes, cell{text, red})
	}
	if !failed(s) || shown && description != "" {
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

// exceptions returns the texts of the exceptions among events.
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

// errorType returns the error.type of s. It returns "" for a number, because that is a
// status code, which the details show.
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
