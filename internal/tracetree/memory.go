package tracetree

import (
	"container/list"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Weight estimates what a span costs in memory, in bytes: decoded, its strings are as
// long as on the wire, and the messages around them a few times that.
func Weight(s *tracepb.Span) int {
	const node, perWireByte = 400, 4
	return node + perWireByte*proto.Size(s)
}

// makeRoom drops other traces until size more bytes fit into t, and reserves
// them. It reports false when t alone is too large.
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

// oldest returns the trace to drop next, other than keep, which must not be
// the only one.
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
