package setuptest

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
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

// Roots returns the spans without a parent in the recording, in the order of their
// start, with those below them.
func (r *Recording) Roots() []*Span {
	r.tb.Helper()
	var roots []*tracetree.Span
	for id, spans := range r.byTrace() {
		roots = append(roots, tracetree.Build(id, slices.Values(spans)).Roots...)
	}
	slices.SortStableFunc(roots, func(a, b *tracetree.Span) int {
		return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano())
	})
	return fromTree(roots)
}

// byTrace returns the spans so far.
func (r *Recording) byTrace() map[tracetree.ID][]*tracetree.Span {
	r.tb.Helper()
	traces := map[tracetree.ID][]*tracetree.Span{}
	for _, request := range r.settled() {
		for _, rs := range request.Traces.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					if id, _, ok := tracetree.Identity(s); ok {
						traces[id] = append(traces[id], &tracetree.Span{Span: s, Resource: rs.GetResource(), Scope: ss.GetScope()})
					}
				}
			}
		}
	}
	return traces
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

// Spans returns every span, parents before children.
func (r *Recording) Spans() []*Span {
	r.tb.Helper()
	var all []*Span
	for s := range walk(r.Roots(), 0) {
		all = append(all, s)
	}
	return all
}

// Find returns the first span of that name, in the order of [Recording.Spans]. It
// ends the test if there is none.
func (r *Recording) Find(name string) *Span {
	r.tb.Helper()
	spans := r.Spans()
	i := slices.IndexFunc(spans, func(s *Span) bool { return s.Name == name })
	if i < 0 {
		r.tb.Fatalf("no span %q among\n%s", name, r.Tree())
	}
	return spans[i]
}

// Tree returns the spans as text: a line is the kind and name of a span, and
// "error" behind it if it failed; those below it follow, two blanks to the right.
func (r *Recording) Tree() string {
	r.tb.Helper()
	var b strings.Builder
	for s, depth := range walk(r.Roots(), 0) {
		fmt.Fprintf(&b, "%s%s %s", strings.Repeat("  ", depth), s.Kind, s.Name)
		if s.Failed {
			b.WriteString(" error")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// WantTree tests that the spans are those of want, as [Recording.Tree] writes
// them. Blank lines around it and an indent that all lines have do not count, so
// that it can be written as a raw string.
func (r *Recording) WantTree(want string) {
	r.tb.Helper()
	if got, want := r.Tree(), unindent(want); got != want {
		r.tb.Errorf("spans: got\n%swant\n%s", got, want)
	}
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
