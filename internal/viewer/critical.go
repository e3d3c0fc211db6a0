package viewer

import (
	"cmp"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// A stretch is a part of the critical path. It is a period in which the trace waited for one
// span. The fields from and to are in Unix nanoseconds.
type stretch struct{ from, to uint64 }

// criticalPath returns the critical path of root. At each moment between the start and the end
// of root, exactly one span is on the path. This is the span that the caller of root waited for
// at that moment. If the span had been faster, root would have ended earlier.
//
// The path of a span is built backwards, from the end of the span to its start. The first part
// is the child that ended last, from its end back to its start. The next part is the child that
// ended last before that start, and so on. The rest of the time belongs to the span itself. If a
// child ends after its parent, the time after the end of the parent does not count. Consumer
// spans do not count, because the caller does not wait until a message is processed.
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
			if end > cursor { // the child overlaps another child that is already on the path
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

// The function awaited returns the children of s that ran between since and until. It leaves out
// consumer spans. The child that ended last comes first.
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
