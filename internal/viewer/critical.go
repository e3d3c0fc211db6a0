package viewer

import (
	"cmp"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// A stretch is a part of the critical path: a period in which the trace waited for one
// span. Times are in Unix nanoseconds.
type stretch struct{ from, to uint64 }

// criticalPath returns the critical path of root: for each moment between its start and its
// end, the one span that the caller of root waited for. root would have ended earlier if
// this span had been faster.
//
// The path is built backwards, from the end of a span to its start. The child that ended
// last is on the path, from its end back to its start. From there, the child that ended
// last before that time is on the path, and so on. Time that no such child covers belongs
// to the span itself. A child that ends after its parent counts until the end of the
// parent. Consumer spans do not count, because the caller does not wait until a message is
// processed.
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
			if end > cursor { // it overlaps a child that is on the path already
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

// awaited returns the children of s that ran between since and until, except consumers. The
// child that ended last is first.
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
