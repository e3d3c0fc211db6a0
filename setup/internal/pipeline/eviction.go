package pipeline

import "github.com/nais/spor/setup/internal/spanstats"

// used returns the number of bytes of memory that the waiting spans, the spare chunks and
// the spare bodies use. The caller must hold b.mu.
func (b *buffer) used() int {
	return b.held + b.spare.len()*chunkHeld + b.bodies.spare.len()*bodyRoom + int(b.limits.unencoded.Load()+b.limits.scratch.Load())
}

// makeRoom frees memory until size additional bytes can be used. It returns false if this
// is not possible. It first drops spare chunks and spare bodies. If this is not enough, it
// drops the oldest waiting spans. It never drops spans in flight. The caller must hold
// b.mu.
func (b *buffer) makeRoom(size int) bool {
	for b.used()+size > b.limits.bytes() {
		if !b.dropSpare() && !b.evict() {
			return false
		}
	}
	return true
}

// makeRoomForChunk does the same as makeRoom for the memory of one chunk. If there is a
// spare chunk, no memory for another chunk is needed.
func (b *buffer) makeRoomForChunk() bool {
	for b.spare.len() == 0 || b.used() > b.limits.bytes() {
		if b.used()+chunkHeld <= b.limits.bytes() {
			return true
		}
		if !b.dropSpare() && !b.evict() {
			return false
		}
	}
	return true
}

func (b *buffer) dropSpare() bool { return b.bodies.spare.pop() != nil || b.spare.pop() != nil }

// evict drops the oldest parked batch or queued chunk, and reports whether there was one.
// The caller must hold b.mu.
func (b *buffer) evict() bool {
	defer b.notify()
	switch {
	case b.parkedIsOldest():
		b.dropParked(b.parked.pop(), spanstats.QueueFull)
	case b.queue.len() > 0:
		c := b.dequeue()
		b.limits.dropUnbatched(spanstats.QueueFull, c.spans())
		b.discard(c)
	default:
		return false
	}
	return true
}

// dropParked drops a batch that was removed from the parked batches. The caller must hold
// b.mu.
func (b *buffer) dropParked(parked *batch, reason spanstats.Reason) {
	b.limits.drop(reason, len(parked.spans))
	b.held -= parked.body.held
	parked.body.release()
}

func (b *buffer) parkedIsOldest() bool {
	return len(b.parked) > 0 && (b.queue.len() == 0 || b.parked[0].seq <= b.queue.peek().seq)
}

// evictSpan drops the oldest span that is queued or parked, and reports whether there was
// one.
func (b *buffer) evictSpan() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parkedIsOldest() {
		batch := b.parked[0]
		if len(batch.spans) == 1 {
			return b.evict()
		}
		batch.spans, batch.whole = batch.spans[1:], false
		b.limits.drop(spanstats.QueueFull, 1)
		return true
	}
	if b.queue.len() == 0 || b.queue.peek().spans() <= 1 {
		return b.evict()
	}
	c := b.queue.peek()
	before := c.size()
	c.first++
	b.queued -= before - c.size()
	b.limits.dropUnbatched(spanstats.QueueFull, 1)
	return true
}

// abandon drops all queued and parked spans at the end of the shutdown.
func (b *buffer) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, batch := range b.parked {
		reason := spanstats.AfterShutdown
		if batch.asked {
			reason = spanstats.TimedOut
		}
		b.dropParked(batch, reason)
	}
	b.parked = nil
	for b.queue.len() > 0 {
		c := b.dequeue()
		b.limits.drop(spanstats.AfterShutdown, c.spans())
		b.discard(c)
	}
	b.notify()
}
