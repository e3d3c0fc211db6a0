package pipeline

import (
	"slices"
	"time"
)

// sendState is what the choice of the next batch depends on.
type sendState struct {
	now      time.Time
	accepted uint64 // how many batches the collector has accepted
	idle     bool   // none is in flight
}

// nextParked takes the parked batch that is to be sent now, if there is any. A batch
// that failed comes after all others until the collector has accepted one of them:
// what fails again and again never stands before what does not. wait is true if
// nothing is to be sent until what is in flight has landed. The caller holds the
// lock.
func (b *buffer) nextParked(s sendState, others bool) (_ *batch, wait bool) {
	at := slices.IndexFunc(b.parked, func(parked *batch) bool {
		return parked.isDue(s.now) && (parked.failures == 0 || parked.accepted < s.accepted)
	})
	if at < 0 && !others {
		at = b.longestWaiting(s.now)
	}
	if at < 0 {
		return nil, false
	}
	batch := b.parked[at]
	if batch.isAlone() && !s.idle {
		return nil, true
	}
	b.parked = slices.Delete(b.parked, at, at+1)
	return batch, false
}

// longestWaiting returns the index of the batch that was sent before all others that
// are due, or -1. The caller holds the lock.
func (b *buffer) longestWaiting(now time.Time) int {
	at := -1
	for i, parked := range b.parked {
		if parked.isDue(now) && (at < 0 || parked.began.Before(b.parked[at].began)) {
			at = i
		}
	}
	return at
}

func (b *batch) isDue(now time.Time) bool { return !b.notBefore.After(now) }

// isAlone reports whether no other batch is to be in flight beside b.
func (b *batch) isAlone() bool { return b.losses > 0 }
