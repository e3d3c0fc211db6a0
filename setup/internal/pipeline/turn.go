package pipeline

import (
	"slices"
	"time"
)

// nextParked takes the parked batch that is to be sent now, if there is any.
// accepted is how many batches the collector has accepted. A batch that failed comes
// after all others until the collector has accepted one of them: what fails again
// and again never stands before what does not. The caller holds the lock.
func (b *buffer) nextParked(now time.Time, accepted uint64, others bool) *batch {
	isDue := func(parked *batch) bool { return !parked.notBefore.After(now) }
	at := slices.IndexFunc(b.parked, func(parked *batch) bool {
		return isDue(parked) && (parked.failures == 0 || parked.accepted < accepted)
	})
	if at < 0 && !others {
		for i, parked := range b.parked {
			if isDue(parked) && (at < 0 || parked.began.Before(b.parked[at].began)) {
				at = i
			}
		}
	}
	if at < 0 {
		return nil
	}
	batch := b.parked[at]
	b.parked = slices.Delete(b.parked, at, at+1)
	return batch
}
