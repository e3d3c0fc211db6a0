package pipeline

import "github.com/nais/spor/setup/internal/spanstats"

// used is how much of the memory is used, spare parts included. The caller holds
// the lock.
func (b *buffer) used() int {
	return b.held + len(b.spare)*chunkHeld + b.bodies.spareBytes() + int(b.unencoded.Load()+b.scratch.Load())
}

// makeRoom drops spare parts, and then the oldest of what waits, until there is room
// for size bytes, and reports whether there is. What is in flight cannot be dropped.
// The caller holds the lock.
func (b *buffer) makeRoom(size int) bool {
	for b.used()+size > b.bytes() {
		if !b.dropSpare() && !b.evict() {
			return false
		}
	}
	return true
}

// makeRoomForChunk is makeRoom for a chunk, which may be a spare one.
func (b *buffer) makeRoomForChunk() bool {
	for len(b.spare) == 0 || b.used() > b.bytes() {
		if b.used()+chunkHeld <= b.bytes() {
			return true
		}
		if !b.dropSpare() && !b.evict() {
			return false
		}
	}
	return true
}

// dropSpare reports whether there was any. The caller holds the lock.
func (b *buffer) dropSpare() bool {
	if b.bodies.dropSpare() {
		return true
	}
	last := len(b.spare) - 1
	if last < 0 {
		return false
	}
	b.spare[last] = nil
	b.spare = b.spare[:last]
	return true
}

// evict drops what is oldest, a parked batch or a chunk, and reports whether there
// was any. The caller holds the lock.
func (b *buffer) evict() bool {
	defer b.tell()
	switch {
	case b.parkedIsOldest():
		batch := b.parked[0]
		b.parked[0] = nil
		b.parked = b.parked[1:]
		b.drop(spanstats.QueueFull, len(batch.spans))
		b.held -= batch.body.held
		batch.body.release()
	case b.queue.len() > 0:
		c := b.queue.pop()
		b.queued -= c.size()
		b.unbatched.Add(-int64(c.spans()))
		b.drop(spanstats.QueueFull, c.spans())
		b.discard(c)
	default:
		return false
	}
	return true
}

func (b *buffer) parkedIsOldest() bool {
	return len(b.parked) > 0 && (b.queue.len() == 0 || b.parked[0].seq <= b.queue.peek().seq)
}

// dropOldest drops that many spans of those that wait, those of the shards if there
// are no older ones.
func (b *buffer) dropOldest(spans int64) {
	for ; spans > 0 && b.waiting.Load() > b.mostSpans; spans-- {
		if b.isEmpty() {
			b.sealShards()
		}
		b.mu.Lock()
		older := b.queue.len() > 0 || len(b.parked) > 0
		if older {
			b.evictSpan()
		}
		b.mu.Unlock()
		if !older {
			return
		}
	}
}

// evictSpan drops the oldest span. There must be one; the caller holds the lock.
func (b *buffer) evictSpan() {
	if b.parkedIsOldest() {
		batch := b.parked[0]
		if len(batch.spans) == 1 {
			b.evict()
			return
		}
		batch.spans, batch.whole = batch.spans[1:], false
		b.drop(spanstats.QueueFull, 1)
		return
	}
	c := b.queue.peek()
	if c.spans() == 1 {
		b.evict()
		return
	}
	before := c.size()
	c.first++
	b.queued -= before - c.size()
	b.unbatched.Add(-1)
	b.drop(spanstats.QueueFull, 1)
}

// abandon drops everything that is sealed, and was not delivered before the end.
func (b *buffer) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, batch := range b.parked {
		reason := spanstats.AfterShutdown
		if batch.asked {
			reason = spanstats.TimedOut
		}
		b.drop(reason, len(batch.spans))
		b.held -= batch.body.held
		batch.body.release()
	}
	b.parked = nil
	for b.queue.len() > 0 {
		c := b.queue.pop()
		b.drop(spanstats.AfterShutdown, c.spans())
		b.discard(c)
	}
	b.queued = 0
	b.tell()
}
