package setuptest

import (
	"iter"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// A Span is a span as the platform gets it.
type Span struct {
	// Name is its name, as "GET /quotes/{id}".
	Name string
	// Kind is internal, server, client, producer or consumer.
	Kind string
	// Attributes are its attributes as text, under their stable names and the
	// older ones that APM reads.
	Attributes map[string]string
	// Events are the names of its events, as "exception".
	Events []string
	// Failed is whether its status is error.
	Failed bool
	// Children are the spans below it, in the order of their start.
	Children []*Span
}

func fromTree(spans []*tracetree.Span) []*Span {
	var all []*Span
	for _, s := range spans {
		span := &Span{
			Name:       s.GetName(),
			Kind:       strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")),
			Attributes: otlpattr.Map(s.GetAttributes()),
			Failed:     s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR,
			Children:   fromTree(s.Children),
		}
		for _, e := range s.GetEvents() {
			span.Events = append(span.Events, e.GetName())
		}
		all = append(all, span)
	}
	return all
}

// unindent takes the indent that all lines have, in tabs, from text.
func unindent(text string) string {
	text = strings.Trim(text, "\n\t ")
	var b strings.Builder
	for line := range strings.Lines(text + "\n") {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

// walk yields spans and those below them, with their depth.
func walk(spans []*Span, depth int) iter.Seq2[*Span, int] {
	return func(yield func(*Span, int) bool) { walkInto(spans, depth, yield) }
}

func walkInto(spans []*Span, depth int, yield func(*Span, int) bool) bool {
	for _, s := range spans {
		if !yield(s, depth) || !walkInto(s.Children, depth+1, yield) {
			return false
		}
	}
	return true
}
