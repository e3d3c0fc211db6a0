package pipeline

import (
	"sync/atomic"

	"github.com/nais/spor/setup/internal/spanstats"
)

// limits contains the limits for waiting spans, and counts the waiting spans. It is safe
// for concurrent use.
type limits struct {
	stats *spanstats.Stats
	// bytes returns the maximum number of bytes of memory for all waiting spans.
	bytes func() int
	// mostSpans is the maximum number of waiting spans, and batchSpans is the maximum
	// number of spans in a request. For both, zero means that there is no maximum.
	mostSpans, batchSpans int64

	// waiting is the number of spans that are neither delivered nor dropped. unbatched is
	// the number of these spans that are not in a batch. Both are used only if mostSpans or
	// batchSpans is not zero.
	waiting, unbatched atomic.Int64
	// unencoded is the number of bytes that were granted to the shards for spans that are
	// not encoded. scratch is the number of bytes that the shards use as buffers for
	// encoding.
	unencoded, scratch atomic.Int64
}

// add counts a span that has ended. excess is the number of spans that must be dropped.
// complete is true if there are enough spans for a full batch.
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

// enoughSpans reports whether there are enough spans for a full batch.
func (l *limits) enoughSpans() bool {
	return l.batchSpans > 0 && l.unbatched.Load() >= l.batchSpans
}

func (l *limits) deliver(spans int) {
	l.waiting.Add(-int64(spans))
	l.stats.Deliver(int64(spans))
}

func (l *limits) drop(reason spanstats.Reason, spans int) {
	l.waiting.Add(-int64(spans))
	l.stats.Drop(reason, int64(spans))
}

// dropUnbatched does the same as drop for spans that are not in a batch.
func (l *limits) dropUnbatched(reason spanstats.Reason, spans int) {
	l.unbatched.Add(-int64(spans))
	l.drop(reason, spans)
}

// batchBytes returns the maximum number of bytes of the spans in a batch. The exception is a
// batch with a single span.
func (l *limits) batchBytes() int { return min(bodyBytes, l.bytes()/8) }

func (l *limits) mostUnencoded() int64 { return int64(l.bytes() / 8) }

// grant is called when a shard needs more bytes for spans that are not encoded. granted is
// true if the shard may use them. crowded is true if the sender must soon encode the spans
// that are not encoded.
func (l *limits) grant(more int) (granted, crowded bool) {
	all, most := l.unencoded.Add(int64(more)), l.mostUnencoded()
	if all > most {
		l.unencoded.Add(-int64(more))
		return false, false
	}
	return true, all > most/2
}
