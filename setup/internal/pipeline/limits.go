package pipeline

import (
	"sync/atomic"

	"github.com/nais/spor/setup/internal/spanstats"
)

// limits bound what waits, and count it. They are safe for concurrent use.
type limits struct {
	stats *spanstats.Stats
	// bytes is the memory for everything that waits.
	bytes func() int
	// mostSpans is how many spans may wait, batchSpans how many a request has at most; 0
	// means no bound.
	mostSpans, batchSpans int64

	// These count if numbers of spans are bounded: all that are not finished, and
	// those that no batch holds.
	waiting, unbatched atomic.Int64
	// These count bytes: what the shards are granted for spans that are not encoded,
	// and what they encode in.
	unencoded, scratch atomic.Int64
}

// add counts a span that has ended. It returns how many spans must be dropped, and
// whether a batch is complete.
func (l *limits) add() (excess int64, complete bool) {
	if l.mostSpans == 0 && l.batchSpans == 0 {
		return 0, false
	}
	waiting, unbatched := l.waiting.Add(1), l.unbatched.Add(1)
	if l.mostSpans > 0 {
		excess = max(0, waiting-l.mostSpans)
	}
	return excess, l.batchSpans > 0 && unbatched >= l.batchSpans
}

// enoughSpans reports whether a batch is complete.
func (l *limits) enoughSpans() bool {
	return l.batchSpans > 0 && l.unbatched.Load() >= l.batchSpans
}

// deliver counts spans that the collector took.
func (l *limits) deliver(spans int) {
	l.waiting.Add(-int64(spans))
	l.stats.Deliver(int64(spans))
}

// drop counts spans that are lost.
func (l *limits) drop(reason spanstats.Reason, spans int) {
	l.waiting.Add(-int64(spans))
	l.stats.Drop(reason, int64(spans))
}

// dropUnbatched is drop for spans that no batch holds.
func (l *limits) dropUnbatched(reason spanstats.Reason, spans int) {
	l.unbatched.Add(-int64(spans))
	l.drop(reason, spans)
}

// mostUnencoded is how many bytes all shards are granted at most.
func (l *limits) mostUnencoded() int64 { return int64(l.bytes() / 8) }

// grant reports whether a shard may hold that many bytes more, and whether what is
// not encoded is to be encoded soon.
func (l *limits) grant(more int) (granted, crowded bool) {
	all, most := l.unencoded.Add(int64(more)), l.mostUnencoded()
	if all > most {
		l.unencoded.Add(-int64(more))
		return false, false
	}
	return true, all > most/2
}
