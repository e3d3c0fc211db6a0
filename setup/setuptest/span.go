package setuptest

import (
	"iter"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// A Span is a span as the platform would receive it.
type Span struct {
	// Name is the name of the span, for example "GET /quotes/{id}".
	Name string
	// Kind is internal, server, client, producer or consumer.
	Kind string
	// Attributes contains the attributes of the span. The values are converted to text. Some
	// attributes are included twice: with the stable name, and with the older name that Nais APM
	// reads.
	Attributes map[string]string
	// Events contains the names of the span's events, for example "exception".
	Events []string
	// Failed reports whether the status of the span is error.
	Failed bool
	// Children contains the child spans, in the order of their start times.
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

// unindent removes the white space before and after text, and the tabs at the start of each
// line. The result ends with a newline.
func unindent(text string) string {
	text = strings.Trim(text, "\n\t ")
	var b strings.Builder
	for line := range strings.Lines(text + "\n") {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

// walk yields spans and all their descendants. With each span, it yields the depth of that
// span in the tree. A parent comes before its children.
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
