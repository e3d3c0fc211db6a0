package tracetree

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

type assembly struct {
	id       ID
	spans    map[SpanID]*Span // the field Children of these spans is not set
	bytes    int
	dropped  int
	arrival  time.Time // the time when the latest span arrived
	shown    int       // number of spans when the trace was last passed to Finished
	awaiting bool      // spans may have arrived since the last check for completeness
}

// The function missing reports whether the parent of s should be in spans but is not.
func missing(s *Span, spans map[SpanID]*Span) bool {
	parent, ok := parentOf(s.Span)
	return ok && parentHere(s.Span) && spans[parent] == nil
}

// The method complete reports whether no span is known to be missing. This requires two things:
// no parent that should be here is missing, and no span was dropped. Normally a complete trace
// has a root. A root is a span that has no parent or whose parent is in another process. The
// exception: if spans of a trace form a cycle, the trace may be without a root. [assembly.tree]
// then uses one of the spans as a root.
func (a *assembly) complete() bool {
	for _, s := range a.spans {
		if missing(s, a.spans) {
			return false
		}
	}
	return a.dropped == 0
}

func (a *assembly) tree() *Trace {
	t := Build(a.id, maps.Values(a.spans))
	t.Dropped = a.dropped
	t.Complete = t.Complete && a.dropped == 0
	if a.shown > 0 {
		t.Late = len(a.spans) - a.shown
	}
	return t
}

// Build makes a trace from spans. All spans must have the trace ID id. Build does not change
// the spans. If two spans have the same span ID, it uses the last one.
func Build(id ID, spans iter.Seq[*Span]) *Trace {
	nodes := map[SpanID]*Span{}
	for s := range spans {
		node := *s
		node.Children, node.Orphan = nil, false
		nodes[SpanID(s.GetSpanId())] = &node
	}
	t := &Trace{ID: id, Spans: len(nodes), Complete: true}
	ordered := slices.SortedFunc(maps.Values(nodes), byStart)
	for _, node := range ordered {
		parent, ok := parentOf(node.Span)
		if p := nodes[parent]; ok && p != nil {
			p.Children = append(p.Children, node)
			continue
		}
		if node.Orphan = missing(node, nodes); node.Orphan {
			t.Complete = false
		}
		t.Roots = append(t.Roots, node)
	}
	t.cutCycles(ordered, nodes)
	return t
}

// cutCycles adds roots for spans that form a cycle. In a cycle, each span is its own ancestor,
// so it cannot be reached from a root. No correct program sends such a trace.
func (t *Trace) cutCycles(ordered []*Span, nodes map[SpanID]*Span) {
	seen := make(map[*Span]bool, len(ordered))
	for s := range t.All {
		seen[s] = true
	}
	for _, s := range ordered {
		if seen[s] {
			continue
		}
		if id, ok := parentOf(s.Span); ok {
			parent := nodes[id]
			parent.Children = slices.DeleteFunc(parent.Children, func(c *Span) bool { return c == s })
		}
		s.Orphan = true
		t.Complete = false
		t.Roots = append(t.Roots, s)
		branch := Trace{Roots: []*Span{s}}
		for b := range branch.All {
			seen[b] = true
		}
	}
}

// parentOf returns the ID of the parent of s. It reports false if s has no parent, or if the
// parent ID is the ID of s itself.
func parentOf(s *tracepb.Span) (SpanID, bool) {
	id := s.GetParentSpanId()
	if len(id) != len(SpanID{}) {
		return SpanID{}, false
	}
	parent := SpanID(id)
	return parent, parent != SpanID{} && parent != SpanID(s.GetSpanId())
}

func byStart(a, b *Span) int {
	return cmp.Or(
		cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano()),
		slices.Compare(a.GetSpanId(), b.GetSpanId()), // with the IDs, the order is the same each time
	)
}
