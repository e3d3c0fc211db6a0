package pipeline

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	// enoughBytes are sent without waiting for more.
	enoughBytes = 256 << 10
	// turn is after how many chunks the sender is given one, while the buffer is
	// half full.
	turn = 4
	// spareChunks are kept ready, so that few ends of spans pay for a new one.
	spareChunks = 4
)

// buffer holds what waits: what the shards fill, what is queued, and what is sent
// or parked until it can be.
type buffer struct {
	stats     *spanstats.Stats
	bytes      func() int
	mostSpans  int64
	batchSpans int64
	bodies     bodies
	shards     []shard

	wake  chan struct{} // for the sender
	stuck atomic.Bool   // the collector cannot be reached
	press atomic.Bool   // half of the memory is used, and more since
	timed atomic.Bool   // the sender knows that something waits
	// These count if numbers of spans are bounded: all that are not settled, and
	// those that no batch holds.
	waiting, unbatched atomic.Int64
	// These count bytes: what the shards are granted for spans that are not encoded,
	// and what they encode in.
	unencoded, scratch atomic.Int64

	mu      sync.Mutex
	seq     uint64
	queue   fifo[*chunk]
	queued  int      // the bytes of spans in queue
	parked  []*batch // by age
	flying  []*batch
	held    int // of the memory: chunks in use, and bodies
	spare   []*chunk
	changed chan struct{} // closed when something was settled; nil when nobody waits for that
}

// exchange queues full, if there is one, and returns an empty chunk, or nil when
// there is no room for it.
func (b *buffer) exchange(full *chunk) *chunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	if full != nil {
		b.seal(full)
	}
	if !b.makeRoomForChunk() {
		return nil
	}
	return b.empty()
}

func (b *buffer) wakeSender() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// empty returns an empty chunk. The caller holds the lock.
func (b *buffer) empty() *chunk {
	b.held += chunkHeld
	last := len(b.spare) - 1
	if last < spareChunks/2 {
		b.wakeSender() // it makes more
	}
	if last < 0 {
		return newChunk()
	}
	c := b.spare[last]
	b.spare[last] = nil
	b.spare = b.spare[:last]
	return c
}

// discard takes back a chunk. The caller holds the lock.
func (b *buffer) discard(c *chunk) {
	b.held -= c.held()
	if c.ordinary() && len(b.spare) < 4*spareChunks {
		c.reset()
		b.spare = append(b.spare, c)
	}
}

// seal queues a chunk that has spans. The caller holds the lock.
func (b *buffer) seal(c *chunk) {
	b.seq++
	c.seq = b.seq
	b.queue.push(c)
	b.queued += c.size()
	if b.queued >= enoughBytes {
		b.wakeSender()
	}
	if half := b.bytes() / 2; (c.seq%turn == 0 && b.held > half || b.held > half+half/2) && !b.stuck.Load() {
		b.press.Store(true)
	}
}

// next returns the next batch to send, the oldest first, or nil. What is queued is
// sent if it is no younger than through, or if there is enough.
func (b *buffer) next(state sendState, through uint64) *batch {
	b.mu.Lock()
	queued := b.queue.len() > 0 && (b.queue.peek().seq <= through || b.queued >= enoughBytes || b.enoughSpans())
	parked, wait := b.nextParked(state, queued)
	if parked != nil {
		b.flying = append(b.flying, parked)
		b.mu.Unlock()
		return parked
	}
	if wait || !queued {
		b.mu.Unlock()
		return nil
	}
	chunks := b.take()
	batch := &batch{seq: chunks[0].seq}
	b.flying = append(b.flying, batch)
	b.mu.Unlock()

	spans := 0
	for _, c := range chunks {
		spans += c.spans()
	}
	batch.spans = make([]otlp.Span, 0, spans)
	for _, c := range chunks {
		batch.spans = c.appendTo(batch.spans)
	}
	b.unbatched.Add(-int64(len(batch.spans)))
	b.compose(batch)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range chunks {
		b.discard(c)
	}
	return batch
}

// spares makes chunks until there are enough for a while.
func (b *buffer) spares() {
	for {
		b.mu.Lock()
		enough := len(b.spare) >= spareChunks || b.used()+chunkHeld > b.bytes()
		b.mu.Unlock()
		if enough {
			return
		}
		c := newChunk()
		b.mu.Lock()
		b.spare = append(b.spare, c)
		b.mu.Unlock()
	}
}

func (b *buffer) enoughSpans() bool {
	return b.batchSpans > 0 && b.unbatched.Load() >= b.batchSpans
}

// take takes chunks for one batch off the queue. The caller holds the lock.
func (b *buffer) take() []*chunk {
	var chunks []*chunk
	size, spans, most := 0, 0, min(bodyBytes, b.bytes()/8)
	for b.queue.len() > 0 {
		c := b.queue.peek()
		if len(chunks) > 0 && size+c.size() > most {
			break
		}
		if room := int(b.batchSpans) - spans; b.batchSpans > 0 && c.spans() > room {
			if room > 0 {
				part := b.empty()
				c.moveTo(part, room)
				b.queued -= part.size()
				chunks = append(chunks, part)
			}
			break
		}
		b.queue.pop()
		b.queued -= c.size()
		size += c.size()
		spans += c.spans()
		chunks = append(chunks, c)
	}
	return chunks
}

// compose gives a batch a request of its own.
func (b *buffer) compose(batch *batch) {
	body := b.bodies.compose(batch.spans)
	b.mu.Lock()
	b.held += body.held
	b.mu.Unlock()
	b.release(batch)
	batch.body, batch.whole = body, true
}

// release lets go of the request of a batch.
func (b *buffer) release(batch *batch) {
	if batch.body == nil {
		return
	}
	b.mu.Lock()
	b.held -= batch.body.held
	b.mu.Unlock()
	batch.body.release()
	batch.body = nil
}

// park keeps a batch until it may be sent again.
func (b *buffer) park(sent *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := len(b.parked)
	for at > 0 && b.parked[at-1].seq > sent.seq {
		at--
	}
	b.parked = slices.Insert(b.parked, at, sent)
}

// landed notes that nothing of a batch is in flight any more.
func (b *buffer) landed(sent *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying = slices.DeleteFunc(b.flying, func(other *batch) bool { return other == sent })
	b.tell()
}

// deliver settles spans that the collector took.
func (b *buffer) deliver(spans int) {
	b.waiting.Add(-int64(spans))
	b.stats.Deliver(int64(spans))
}

// drop settles spans that are lost.
func (b *buffer) drop(reason spanstats.Reason, spans int) {
	b.waiting.Add(-int64(spans))
	b.stats.Drop(reason, int64(spans))
}

// tell tells those who wait for spans to be settled. The caller holds the lock.
func (b *buffer) tell() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// oldest returns the age of the oldest that is sealed and not settled. The caller
// holds the lock.
func (b *buffer) oldest() uint64 {
	oldest := uint64(math.MaxUint64)
	if b.queue.len() > 0 {
		oldest = b.queue.peek().seq
	}
	for _, batches := range [][]*batch{b.parked, b.flying} {
		for _, batch := range batches {
			oldest = min(oldest, batch.seq)
		}
	}
	return oldest
}

// settledBefore returns nil when everything up to an age is settled, or a channel
// that is closed when something more is.
func (b *buffer) settledBefore(age uint64) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.oldest() > age {
		return nil
	}
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

// soonest returns when the first parked batch may be sent again, and whether
// there is one.
func (b *buffer) soonest() (at time.Time, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, batch := range b.parked {
		if !found || batch.notBefore.Before(at) {
			at, found = batch.notBefore, true
		}
	}
	return at, found
}

// isEmpty reports whether nothing is queued or parked.
func (b *buffer) isEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.len() == 0 && len(b.parked) == 0
}

// trim lets go of memory that is not needed while little happens.
func (b *buffer) trim() {
	b.bodies.trim()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.spare) > spareChunks {
		clear(b.spare[spareChunks:])
		b.spare = b.spare[:spareChunks]
	}
}
