package viewer

import (
	"cmp"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// A stretch is a time, in Unix ns, in which a span was what its trace waited
// for.
type stretch struct{ from, to uint64 }

// criticalPath returns what the caller of root waited for: of each moment
// between its start and its end, the one span that would have had to be faster.
//
// It goes back from the end of a span: the child that ended last before is what
// was waited for, until that child's start; then again from there. What no child
// covers is the span's own. A child that outlives its parent counts up to the
// parent's end; what a consumer does with a message, nobody waits for.
func criticalPath(root *tracetree.Span) map[*tracetree.Span][]stretch {
	type task struct {
		span         *tracetree.Span
		since, until uint64
	}
	path := map[*tracetree.Span][]stretch{}
	tasks := []task{{root, 0, root.GetEndTimeUnixNano()}}
	for len(tasks) > 0 {
		t := tasks[len(tasks)-1]
		tasks = tasks[:len(tasks)-1]
		start, cursor := max(t.span.GetStartTimeUnixNano(), t.since), t.until
		own := func(from uint64) {
			if from < cursor {
				path[t.span] = append(path[t.span], stretch{from, cursor})
			}
		}
		for _, child := range awaited(t.span, start, t.until) {
			end := min(child.GetEndTimeUnixNano(), t.until)
			if end > cursor { // beside one that was waited for
				continue
			}
			own(end)
			cursor = max(child.GetStartTimeUnixNano(), start)
			tasks = append(tasks, task{child, start, end})
		}
		own(start)
		slices.Reverse(path[t.span])
	}
	return path
}

// awaited returns the children of s that ran between two times, the last to end
// first.
func awaited(s *tracetree.Span, since, until uint64) []*tracetree.Span {
	var children []*tracetree.Span
	for _, child := range s.Children {
		end := min(child.GetEndTimeUnixNano(), until)
		if max(child.GetStartTimeUnixNano(), since) < end && child.GetKind() != tracepb.Span_SPAN_KIND_CONSUMER {
			children = append(children, child)
		}
	}
	slices.SortStableFunc(children, func(a, b *tracetree.Span) int {
		return cmp.Compare(min(b.GetEndTimeUnixNano(), until), min(a.GetEndTimeUnixNano(), until))
	})
	return children
}
