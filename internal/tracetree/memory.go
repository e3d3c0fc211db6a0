package tracetree

import (
	"container/list"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Weight estimates how many bytes of memory a decoded span uses. Its strings are as long as
// in the encoded span. The structs around the strings use several times as much.
func Weight(s *tracepb.Span) int {
	const node, perWireByte = 400, 4
	return node + perWireByte*proto.Size(s)
}

// makeRoom drops other traces until there is room for size more bytes in t, and reserves
// these bytes. It reports false if t would exceed the limit even as the only trace.
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

// oldest returns the trace that is dropped next. It never returns keep, so there must be
// another trace.
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
