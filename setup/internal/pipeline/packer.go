package pipeline

import (
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	// backlogFraction is a fraction of the memory for waiting spans: 8 means an eighth. If the
	// queued spans have more bytes than this, queued chunks are compressed.
	backlogFraction = 8
	// packedAtOnce is the maximum number of chunks that a goroutine compresses after it has
	// queued one chunk. It is higher than one, because the chunks that were queued before there
	// was a backlog must be compressed too.
	packedAtOnce = 2
)

// packer compresses chunks. One goroutine at a time uses it.
type packer struct {
	mu           sync.Mutex
	columns      otlp.Columns
	bytes, table []byte
}

// pack returns the compressed content of c, or nil if it is not smaller. The bytes of the content
// are valid until the next call. After the compressed bytes, the result has one number per span,
// from which unpack calculates the length and the scope of the span. pack reads only fields that do not change
// while c is queued, so the caller does not hold the lock of the buffer.
func (p *packer) pack(c *chunk) *packed {
	if p.bytes == nil {
		p.bytes = make([]byte, s2.MaxEncodedLen(chunkBytes)+chunkSpans*binary.MaxVarintLen32)
	}
	p.columns.Reset()
	p.table = p.table[:0]
	begin := uint32(0)
	for _, r := range c.records {
		size := p.columns.Split(c.bytes[begin:r.end])
		p.table = binary.AppendUvarint(p.table, uint64(size)*uint64(len(c.scopes))+uint64(r.scope))
		begin = r.end
	}
	content := &packed{ids: len(p.columns.Rest), spans: len(c.records), size: len(c.bytes)}
	p.columns.Rest = append(p.columns.Rest, p.columns.IDs...)
	compressed := s2.Encode(p.bytes, p.columns.Rest)
	content.table = len(compressed)
	content.bytes = append(compressed, p.table...)
	if len(content.bytes) > len(c.bytes)*3/4 {
		return nil
	}
	return content
}

// trim frees the memory of p, unless another goroutine uses p.
func (p *packer) trim() {
	if p.mu.TryLock() {
		p.columns, p.bytes, p.table = otlp.Columns{}, nil, nil
		p.mu.Unlock()
	}
}

// packedHeld is the approximate number of bytes that a compressed chunk uses in addition to
// its compressed content.
const packedHeld = 256

// packed is the content of a chunk in compressed form.
type packed struct {
	bytes []byte
	ids   int // position of the IDs, after bytes are decompressed
	table int // position in bytes where the numbers of the spans start
	spans int
	size  int // number of bytes of the spans before compression
	block *block
}

// blockBytes is the size of a block. Without blocks, Go would round up the size of the memory
// for each content, which would cost a tenth of the memory.
const blockBytes = 256 << 10

// A block is memory for the contents of several chunks.
type block struct {
	bytes    []byte
	contents int
}

// store copies the bytes of content into a block. The caller must hold b.mu.
func (b *buffer) store(content *packed) {
	if b.block == nil || cap(b.block.bytes)-len(b.block.bytes) < len(content.bytes) {
		b.leaveBlock()
		b.block = &block{bytes: make([]byte, 0, blockBytes)}
		b.held += blockBytes
	}
	begin := len(b.block.bytes)
	b.block.bytes = append(b.block.bytes, content.bytes...)
	content.bytes = b.block.bytes[begin:]
	content.block = b.block
	b.block.contents++
}

// free is called when content is no longer needed. A block is freed when it has no contents and
// gets no more contents. The caller must hold b.mu.
func (b *buffer) free(content *packed) {
	content.block.contents--
	if content.block.contents == 0 && content.block != b.block {
		b.held -= blockBytes
	}
}

// leaveBlock makes the next content start a new block. The caller must hold b.mu.
func (b *buffer) leaveBlock() {
	if b.block != nil && b.block.contents == 0 {
		b.held -= blockBytes
	}
	b.block = nil
}

// unpack puts the content of the compressed chunk c into the memory of the empty chunk room.
// After that, c is an ordinary chunk and room has no memory. scratch is memory that is used
// during the call. If the content cannot be read, c contains no spans.
func (c *chunk) unpack(room *chunk, scratch *[]byte) error {
	content, first := c.packed, c.first
	c.packed, c.first = nil, 0
	c.bytes, c.records = room.bytes[:0], room.records[:0]
	room.bytes, room.records = nil, nil
	all, err := s2.Decode((*scratch)[:cap(*scratch)], content.bytes[:content.table])
	if err != nil {
		return err
	}
	*scratch = all
	c.first = first
	columns := otlp.Columns{Rest: all[:content.ids], IDs: all[content.ids:]}
	table, scopes := content.bytes[content.table:], uint64(len(c.scopes))
	for len(table) > 0 {
		number, n := binary.Uvarint(table)
		c.bytes = columns.Join(c.bytes, int(number/scopes))
		c.records = append(c.records, record{uint32(len(c.bytes)), uint16(number % scopes)})
		table = table[n:]
	}
	return nil
}

// packBacklog compresses the oldest chunks that are not compressed yet, but only if there is a
// backlog. If another goroutine is compressing chunks, packBacklog does nothing.
func (b *buffer) packBacklog() {
	if !b.packer.mu.TryLock() {
		return
	}
	defer b.packer.mu.Unlock()
	for range packedAtOnce {
		c := b.beginPacking()
		if c == nil {
			return
		}
		b.endPacking(c, b.packer.pack(c))
	}
}

// beginPacking returns the chunk to compress, or nil. It never returns the last chunk, because
// enqueue may add spans to the last chunk.
func (b *buffer) beginPacking() *chunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.raw.len() < 2 || b.queued <= b.limits.bytes()/backlogFraction {
		return nil
	}
	c := b.raw.pop()
	c.packing = true
	return c
}

// endPacking replaces the content of c by its compressed form. content is nil if the compressed
// form is not smaller. It does nothing if c is no longer queued.
func (b *buffer) endPacking(c *chunk, content *packed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.packing = false
	if content == nil || !c.queued {
		return
	}
	size := c.size()
	b.held -= c.held()
	b.spare.push(&chunk{bytes: c.bytes[:0], records: c.records[:0]}, 4*spareChunks)
	b.store(content)
	c.bytes, c.records, c.packed = nil, nil, content
	b.held += c.held()
	b.queued += c.size() - size
}

// makeRoomToTake returns the maximum number of bytes for the next batch of queued chunks, or zero
// if none may be taken now. Compressed chunks need memory twice: for the chunks, and for the
// request. If there is not enough memory for a whole batch, a smaller batch is taken. Waiting
// spans are dropped only if there is not even enough memory for one chunk, and no batch is in
// flight. Otherwise, there will be more memory when the batch is delivered. The caller must hold
// b.mu.
func (b *buffer) makeRoomToTake() int {
	most := b.limits.batchBytes()
	if b.raw.len() == b.queue.len() {
		return most // nothing is compressed
	}
	for b.used()+2*chunkHeld > b.limits.bytes() {
		if b.dropSpare() {
			continue
		}
		if len(b.inFlight) > 0 {
			return 0
		}
		b.evict() // there is a queued chunk
		if b.queue.len() == 0 {
			return 0
		}
	}
	return min(most, max(chunkBytes, (b.limits.bytes()-b.used())/2))
}

// roomFor returns an empty chunk into which the compressed chunk c can be unpacked. The caller
// must hold b.mu.
func (b *buffer) roomFor(c *chunk) *chunk {
	b.held -= c.held()
	b.free(c.packed)
	return b.empty()
}

// unpack makes an ordinary chunk of the compressed chunk c. room is the result of roomFor. Only
// the sender calls unpack.
func (b *buffer) unpack(c, room *chunk) {
	spans := c.spans()
	if err := c.unpack(room, &b.scratch); err != nil {
		b.limits.dropUnbatched(spanstats.Encode, spans)
	}
}
