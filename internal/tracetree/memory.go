package tracetree

import (
	"container/list"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Weight estimates how many bytes of memory a decoded span uses. The strings are as long as in
// the encoded span, but the structs that contain the strings need several times as much memory.
func Weight(s *tracepb.Span) int {
	const node, perWireByte = 400, 4
	return node + perWireByte*proto.Size(s)
}

// makeRoom reserves memory for the trace t. The argument size is the number of bytes to reserve.
// First, makeRoom drops other traces until the limit allows this. If t would exceed the limit
// even without other traces, makeRoom reserves nothing and returns false.
func (a *Assembler) makeRoom(t *assembly, size int) bool {
	if t.bytes+size > a.opts.Limit {
		t.dropped++
		if len(t.spans) == 0 {
			a.drop(a.traces[t.id])
		}
		return false
	}
	for a.bytes+size > a.opts.Limit {
		a.drop(a.oldest(t))
	}
	t.bytes += size
	a.bytes += size
	return true
}

// The method oldest returns the trace that must be dropped next. It never returns the trace in
// the argument keep, so there must be at least one other trace.
func (a *Assembler) oldest(keep *assembly) *list.Element {
	for _, l := range []*list.List{a.shown, a.partial, a.waiting} {
		if e := l.Front(); e != nil && e.Value.(*assembly) != keep {
			return e
		}
	}
	return nil
}

func (a *Assembler) drop(e *list.Element) {
	t := a.listOf(e).Remove(e).(*assembly)
	delete(a.traces, t.id)
	a.bytes -= t.bytes
	if t.shown == 0 {
		a.stats.DroppedTraces++
	}
	a.stats.DroppedSpans += len(t.spans) - t.shown
}
