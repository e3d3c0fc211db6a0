package pipeline

import (
	"slices"
	"time"
)

// sendState contains the values that decide which batch is sent next.
type sendState struct {
	now      time.Time
	accepted uint64 // number of batches that the collector has accepted
	idle     bool   // no batch is in flight
	// probe is the number of the current attempt to find out whether the collector accepts
	// spans again. It is zero if the collector accepts spans.
	probe int
}

// parked contains the batches that wait until they may be sent again, the oldest first. Only
// one goroutine at a time may use it.
type parked []*batch

func (p *parked) add(b *batch) {
	at := len(*p)
	for at > 0 && (*p)[at-1].seq > b.seq {
		at--
	}
	*p = slices.Insert(*p, at, b)
}

// pop removes and returns the oldest batch. There must be one.
func (p *parked) pop() *batch {
	b := (*p)[0]
	(*p)[0] = nil
	*p = (*p)[1:]
	return b
}

// next removes and returns the batch to send now, or nil if there is no such batch. If a
// batch has failed, it is sent only after all other spans, unless the collector has
// accepted a batch since that failure. Therefore, a batch that fails again and again never
// delays other spans. others is true if there are queued spans to send. If wait is true,
// the caller must wait until no batch is in flight before it sends anything.
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

// longestWaiting looks at the batches that may be sent now. It compares the start times of
// their last requests, and returns the index of the batch with the earliest start time, or
// -1 if no batch may be sent now.
func (p parked) longestWaiting(now time.Time) int {
	at := -1
	for i, b := range p {
		if b.isDue(now) && (at < 0 || b.began.Before(p[at].began)) {
			at = i
		}
	}
	return at
}

// soonest returns the earliest time at which a batch may be sent again. found is false if
// there is no batch.
func (p parked) soonest() (at time.Time, found bool) {
	for _, b := range p {
		if !found || b.notBefore.Before(at) {
			at, found = b.notBefore, true
		}
	}
	return at, found
}

func (b *buffer) park(sent *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shorten(sent)
	b.parked.add(sent)
}

// shorten shortens the pause of a batch during a shutdown. The caller must hold b.mu.
func (b *buffer) shorten(parked *batch) {
	if d := b.drain.Load(); d != nil {
		parked.notBefore = earlier(parked.notBefore, d.half(time.Now()))
	}
}

// beginDrain records that the shutdown begins. It shortens the pauses of all batches, also of those
// that are parked later.
func (b *buffer) beginDrain(d *drain) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drain.Store(d)
	for _, parked := range b.parked {
		b.shorten(parked)
	}
}

// probesOnly reports whether only a parked batch may be sent. If the collector accepts no spans,
// it is enough to try some batches again and again. More batches would only use memory: a quarter
// of it is enough. From time to time another batch is tried, because it may be that the collector
// refuses only these. The caller must hold b.mu.
func (b *buffer) probesOnly(s sendState) bool {
	enough := max(2, min(mostInFlight, b.limits.bytes()/4/b.limits.batchBytes()))
	return s.probe%probesPerBatch > 0 && len(b.parked) >= enough
}
