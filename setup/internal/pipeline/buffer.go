package pipeline

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nais/spor/setup/internal/otlp"
)

const (
	// enoughBytes is a number of queued bytes. When that many bytes are queued, they are
	// sent without waiting for more spans.
	enoughBytes = 256 << 10
	// yieldChunks is a number of chunks. If the spans use more than half of the memory, a
	// goroutine that ends a span yields once after every yieldChunks queued chunks, so
	// that the sender gets time to run. If the spans use more than three quarters of the
	// memory, a goroutine yields after every queued chunk.
	yieldChunks = 4
	// spareChunks is the number of empty chunks that are kept ready. Because of them,
	// ending a span seldom allocates a chunk.
	spareChunks = 4
)

// buffer contains the encoded spans. A span is queued, in flight, or parked. Parked spans
// wait until they can be sent again. A buffer is safe for concurrent use.
type buffer struct {
	limits limits
	bodies bodies
	spare  spares[chunk]
	packer packer
	// scratch is memory for unpacking chunks. Only the sender uses it.
	scratch []byte

	wake        chan struct{}
	drain       atomic.Pointer[drain] // nil before the shutdown
	unreachable atomic.Bool
	yield       atomic.Bool // the goroutine that ends the next span must yield to the sender

	mu       sync.Mutex
	seq      uint64 // sequence number of the last queued chunk
	queue    fifo[*chunk]
	raw      fifo[*chunk] // the ordinary chunks of the queue that may still be compressed
	block    *block       // for the content of the next chunk that is compressed; may be nil
	queued   int          // bytes of spans in queue
	parked   parked
	inFlight []*batch
	held     int           // bytes of memory that chunks and bodies use; spare ones do not count
	changed  chan struct{} // is closed when spans are delivered or dropped; nil if no caller waits
}

func (b *buffer) wakeSender() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// The method exchange queues the chunk in the parameter full, unless the parameter is nil.
// It returns an empty chunk, or nil if there is no memory for an empty chunk.
func (b *buffer) exchange(full *chunk) *chunk {
	if full != nil {
		b.queueChunk(full)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.makeRoomForChunk() {
		return nil
	}
	return b.empty()
}

func (b *buffer) queueChunk(c *chunk) {
	b.mu.Lock()
	b.enqueue(c)
	b.mu.Unlock()
	b.packBacklog()
}

// queueLarge queues a chunk with one large span. The memory of the chunk is not counted
// yet. If there is not enough memory, queueLarge does not queue the chunk and returns
// false.
func (b *buffer) queueLarge(c *chunk) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.makeRoom(c.held()) {
		return false
	}
	b.held += c.held()
	b.enqueue(c)
	return true
}

// enqueue does the same as queueChunk, but compresses nothing. The caller must hold b.mu.
func (b *buffer) enqueue(c *chunk) {
	b.queued += c.size()
	if !b.merge(c) {
		b.seq++
		c.seq, c.queued = b.seq, true
		b.queue.push(c)
		if c.ordinary() {
			b.raw.push(c)
		}
	}
	if b.queued >= enoughBytes {
		b.wakeSender()
	}
	if half := b.limits.bytes() / 2; (c.seq%yieldChunks == 0 && b.held > half || b.held > half+half/2) && !b.unreachable.Load() {
		b.yield.Store(true)
	}
}

// merge moves the spans of c to the last queued chunk, and reports whether this chunk has space
// for them. Without it, many small flushes would use the memory of a whole chunk for each of
// them. The caller must hold b.mu.
func (b *buffer) merge(c *chunk) bool {
	if b.queue.len() == 0 || !c.ordinary() {
		return false
	}
	last := b.queue.last()
	if !last.ordinary() || !last.fits(c) {
		return false
	}
	c.moveTo(last, c.spans())
	b.discard(c)
	return true
}

// dequeue removes and returns the oldest chunk of the queue. There must be one. The caller must
// hold b.mu.
func (b *buffer) dequeue() *chunk {
	c := b.queue.pop()
	c.queued = false
	if b.raw.len() > 0 && b.raw.peek() == c {
		b.raw.pop()
	}
	b.queued -= c.size()
	return c
}

// empty returns an empty chunk. The caller must hold b.mu.
func (b *buffer) empty() *chunk {
	b.held += chunkHeld
	c := b.spare.pop()
	if b.spare.len() < spareChunks/2 {
		b.wakeSender() // the sender makes more spare chunks
	}
	if c == nil {
		return newChunk()
	}
	return c
}

// discard frees a chunk. An ordinary chunk becomes a spare chunk, unless a goroutine is still
// reading it. The caller must hold b.mu.
func (b *buffer) discard(c *chunk) {
	b.held -= c.held()
	if c.packed != nil {
		b.free(c.packed)
	}
	if c.ordinary() && !c.packing {
		c.reset()
		b.spare.push(c, 4*spareChunks)
	}
}

// fillSpare makes spare chunks. It stops when there are spareChunks spare chunks, or when
// another chunk would exceed the memory limit.
func (b *buffer) fillSpare() {
	for {
		b.mu.Lock()
		enough := b.spare.len() >= spareChunks || b.used()+chunkHeld > b.limits.bytes()
		b.mu.Unlock()
		if enough {
			return
		}
		b.spare.push(newChunk(), math.MaxInt)
	}
}

// trim frees the spare chunks and bodies that are not needed when few spans end.
func (b *buffer) trim() {
	b.bodies.spare.trim(1)
	b.spare.trim(spareChunks)
	b.packer.trim()
	b.scratch = nil
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.block != nil && b.block.contents == 0 {
		b.leaveBlock()
	}
}

// next returns the next batch to send, or nil if there is no batch to send now. The oldest
// spans are sent first, except that a batch that failed may have to wait for other spans
// (see parked.next). through is the highest sequence number that must be sent now. Queued spans
// are sent if enough spans are queued, or if the first queued chunk has a sequence number up
// to this one.
func (b *buffer) next(state sendState, through uint64) *batch {
	b.mu.Lock()
	queued := b.queue.len() > 0 && (b.queue.peek().seq <= through || b.queued >= enoughBytes || b.limits.enoughSpans())
	queued = queued && !b.probesOnly(state)
	next, wait := b.parked.next(state, queued)
	var chunks []*chunk
	if next == nil && !wait && queued {
		if most := b.makeRoomToTake(); most > 0 {
			chunks = b.take(most)
			next = &batch{seq: chunks[0].seq}
		}
	}
	if next != nil {
		b.inFlight = append(b.inFlight, next)
	}
	b.mu.Unlock()
	if chunks != nil {
		b.fill(next, chunks)
	}
	return next
}

func (b *buffer) fill(batch *batch, chunks []*chunk) {
	spans := 0
	for _, c := range chunks {
		if c.packed != nil {
			b.mu.Lock()
			room := b.roomFor(c)
			b.mu.Unlock()
			b.unpack(c, room)
		}
		spans += c.spans()
	}
	batch.spans = make([]otlp.Span, 0, spans)
	for _, c := range chunks {
		batch.spans = c.appendTo(batch.spans)
	}
	b.limits.unbatched.Add(-int64(len(batch.spans)))
	b.compose(batch)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range chunks {
		b.discard(c)
	}
}

// take removes the chunks for one batch from the queue. most is the maximum number of bytes of
// the spans in the batch. The caller must hold b.mu.
func (b *buffer) take(most int) []*chunk {
	var chunks []*chunk
	size, spans := 0, 0
	for b.queue.len() > 0 {
		c := b.queue.peek()
		if len(chunks) > 0 && size+c.size() > most {
			break
		}
		if room := int(b.limits.batchSpans) - spans; b.limits.batchSpans > 0 && c.spans() > room {
			if room > 0 {
				chunks = append(chunks, b.split(c, room))
			}
			break
		}
		b.dequeue()
		size += c.size()
		spans += c.spans()
		chunks = append(chunks, c)
	}
	return chunks
}

// split moves the first n spans of the oldest queued chunk c to another chunk. The caller must
// hold b.mu.
func (b *buffer) split(c *chunk, n int) *chunk {
	before := c.size()
	if c.packed != nil {
		b.unpack(c, b.roomFor(c))
	}
	part := b.empty()
	part.seq = c.seq
	c.moveTo(part, min(n, c.spans()))
	b.queued -= before - c.size()
	return part
}

func (b *buffer) compose(batch *batch) {
	body := b.bodies.compose(batch.spans)
	b.mu.Lock()
	b.held += body.held
	b.mu.Unlock()
	b.release(batch)
	batch.body, batch.whole = body, true
}

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

// finish records that the batch and all its parts are no longer in flight.
func (b *buffer) finish(sent *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight = slices.DeleteFunc(b.inFlight, func(other *batch) bool { return other == sent })
	b.notify()
}

// notify wakes the callers that wait until spans are delivered or dropped. The caller must
// hold b.mu.
func (b *buffer) notify() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *buffer) youngest() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq
}

// oldest returns the lowest sequence number of the chunks and batches that are queued,
// parked or in flight. The caller must hold b.mu.
func (b *buffer) oldest() uint64 {
	oldest := uint64(math.MaxUint64)
	if b.queue.len() > 0 {
		oldest = b.queue.peek().seq
	}
	for _, batches := range [][]*batch{b.parked, b.inFlight} {
		for _, batch := range batches {
			oldest = min(oldest, batch.seq)
		}
	}
	return oldest
}

// finishedThrough returns nil if all spans up to the sequence number age are delivered or
// dropped. Otherwise, it returns a channel. The channel is closed when more spans are
// delivered or dropped.
func (b *buffer) finishedThrough(age uint64) <-chan struct{} {
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

// soonest returns the earliest time at which any parked batch may be sent again. found is
// false if no batch is parked.
func (b *buffer) soonest() (at time.Time, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.parked.soonest()
}

// isEmpty reports whether nothing is queued or parked.
func (b *buffer) isEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.len() == 0 && len(b.parked) == 0
}
