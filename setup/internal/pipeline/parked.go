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

// parked are the batches that wait until they may be sent again, by age. It is for one
// goroutine at a time.
type parked []*batch

func (p *parked) add(b *batch) {
	at := len(*p)
	for at > 0 && (*p)[at-1].seq > b.seq {
		at--
	}
	*p = slices.Insert(*p, at, b)
}

// pop takes the oldest. There must be one.
func (p *parked) pop() *batch {
	b := (*p)[0]
	(*p)[0] = nil
	*p = (*p)[1:]
	return b
}

// next takes the batch that is to be sent now, if there is any. A batch that failed
// comes after all others until the collector has accepted one of them: what fails
// again and again never stands before what does not. others is whether something else
// is to be sent; wait is true if nothing is to be sent until nothing is in flight.
func (p *parked) next(s sendState, others bool) (_ *batch, wait bool) {
	at := slices.IndexFunc(*p, func(b *batch) bool {
		return b.isDue(s.now) && (b.failures == 0 || b.accepted < s.accepted)
	})
	if at < 0 && !others {
		at = p.longestWaiting(s.now)
	}
	if at < 0 {
		return nil, false
	}
	b := (*p)[at]
	if b.isAlone() && !s.idle {
		return nil, true
	}
	*p = slices.Delete(*p, at, at+1)
	return b, false
}

// longestWaiting returns the index of the batch that was sent before all others that
// are due, or -1.
func (p parked) longestWaiting(now time.Time) int {
	at := -1
	for i, b := range p {
		if b.isDue(now) && (at < 0 || b.began.Before(p[at].began)) {
			at = i
		}
	}
	return at
}

// soonest returns when the first batch may be sent again, and whether there is one.
func (p parked) soonest() (at time.Time, found bool) {
	for _, b := range p {
		if !found || b.notBefore.Before(at) {
			at, found = b.notBefore, true
		}
	}
	return at, found
}
