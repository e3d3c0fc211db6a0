package pipeline

import "github.com/nais/spor/setup/internal/otlp"

const (
	// chunkBytes is the room of a chunk: some 150 spans.
	chunkBytes = 64 << 10
	// chunkSpans is how many it takes at most, however small they are.
	chunkSpans = 512
	// chunkHeld is what a chunk holds of the memory.
	chunkHeld = chunkBytes + chunkSpans*8
)

// chunk is spans as they ended, encoded. It is allocated once and filled many
// times. A span larger than its room has a chunk to itself, which is not.
type chunk struct {
	bytes   []byte
	records []record
	scopes  []*otlp.ScopeKey // few, each once
	first   int              // records before it are dropped
	seq     uint64           // grows with each chunk that is sealed
}

// record is where a span ends, and which scope made it.
type record struct {
	end   uint32
	scope uint16
}

// newChunk returns a chunk whose memory is already mapped, so that ending a span never
// causes a page fault.
func newChunk() *chunk {
	const page = 4 << 10
	bytes := make([]byte, chunkBytes)
	for i := 0; i < len(bytes); i += page {
		bytes[i] = 0xFF
	}
	return &chunk{bytes: bytes[:0], records: make([]record, 0, chunkSpans)}
}

// chunkOf returns a chunk for one span that is larger than others have room for.
// The bytes of span are the chunk's from then on.
func chunkOf(scope *otlp.ScopeKey, span []byte) *chunk {
	return &chunk{bytes: span, records: []record{{end: uint32(len(span))}}, scopes: []*otlp.ScopeKey{scope}}
}

// put takes span, if there is room for it.
func (c *chunk) put(scope *otlp.ScopeKey, span []byte) bool {
	if len(c.bytes)+len(span) > cap(c.bytes) || len(c.records) == cap(c.records) {
		return false
	}
	c.bytes = append(c.bytes, span...)
	c.records = append(c.records, record{uint32(len(c.bytes)), c.indexOf(scope)})
	return true
}

func (c *chunk) indexOf(scope *otlp.ScopeKey) uint16 {
	for i, known := range c.scopes {
		if known == scope {
			return uint16(i)
		}
	}
	c.scopes = append(c.scopes, scope)
	return uint16(len(c.scopes) - 1)
}

// spans is how many wait in the chunk.
func (c *chunk) spans() int { return len(c.records) - c.first }

// begin is where the first span begins that waits.
func (c *chunk) begin() uint32 {
	if c.first == 0 {
		return 0
	}
	return c.records[c.first-1].end
}

// size is that of the spans that wait, in bytes.
func (c *chunk) size() int { return len(c.bytes) - int(c.begin()) }

// appendTo appends the spans that wait to all. They stay the chunk's.
func (c *chunk) appendTo(all []otlp.Span) []otlp.Span {
	begin := c.begin()
	for _, r := range c.records[c.first:] {
		all = append(all, otlp.Span{Scope: c.scopes[r.scope], Bytes: c.bytes[begin:r.end]})
		begin = r.end
	}
	return all
}

// moveTo moves the first n spans that wait to an empty chunk.
func (c *chunk) moveTo(to *chunk, n int) {
	begin := c.begin()
	for _, r := range c.records[c.first : c.first+n] {
		to.put(c.scopes[r.scope], c.bytes[begin:r.end])
		begin = r.end
	}
	to.seq = c.seq
	c.first += n
}

// ordinary reports whether the chunk can be used again.
func (c *chunk) ordinary() bool { return cap(c.records) == chunkSpans }

// held is what the chunk holds of the memory. A large one counts twice: a copy is
// made for its request.
func (c *chunk) held() int {
	if c.ordinary() {
		return chunkHeld
	}
	return 2 * cap(c.bytes)
}

func (c *chunk) reset() {
	c.bytes, c.records, c.first = c.bytes[:0], c.records[:0], 0
	clear(c.scopes)
	c.scopes = c.scopes[:0]
}
