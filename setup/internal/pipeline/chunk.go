package pipeline

import "github.com/nais/spor/setup/internal/otlp"

const (
	// chunkBytes is the capacity of a chunk in bytes, which is enough for about 150 spans.
	chunkBytes = 64 << 10
	chunkSpans = 512
	// chunkHeld is the number of bytes of memory that a chunk uses.
	chunkHeld = chunkBytes + chunkSpans*8
)

// chunk contains encoded spans in the order in which they ended. An ordinary chunk is
// allocated once and reused. A span that is larger than chunkBytes gets its own chunk, which
// is not reused. A compressed chunk has no bytes and no records of its own.
type chunk struct {
	bytes   []byte
	records []record
	packed  *packed          // nil if the chunk is not compressed
	scopes  []*otlp.ScopeKey // the different scopes of the spans; usually there are few
	first   int              // index of the first span that is not dropped
	seq     uint64           // sequence number; a chunk that is queued later has a higher number

	queued  bool
	packing bool // a goroutine is compressing the bytes, so they must not change
}

// record describes one span in a chunk. end is the position in bytes where the span ends.
// scope is the index of the scope of the span.
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

// chunkOf returns a chunk for one span that is too large for an ordinary chunk. The chunk
// keeps span, so the caller must not use the bytes any more.
func chunkOf(scope *otlp.ScopeKey, span []byte) *chunk {
	return &chunk{bytes: span, records: []record{{end: uint32(len(span))}}, scopes: []*otlp.ScopeKey{scope}}
}

// put adds span to the chunk. It returns false if the chunk does not have enough space.
func (c *chunk) put(scope *otlp.ScopeKey, span []byte) bool {
	if len(c.bytes)+len(span) > cap(c.bytes) || len(c.records) == cap(c.records) {
		return false
	}
	c.bytes = append(c.bytes, span...)
	c.records = append(c.records, record{uint32(len(c.bytes)), c.indexOf(scope)})
	return true
}

// indexOf returns the index of scope in c.scopes, and adds scope if it is new.
func (c *chunk) indexOf(scope *otlp.ScopeKey) uint16 {
	for i, known := range c.scopes {
		if known == scope {
			return uint16(i)
		}
	}
	c.scopes = append(c.scopes, scope)
	return uint16(len(c.scopes) - 1)
}

// The method spans returns the number of spans that are not dropped.
func (c *chunk) spans() int {
	if c.packed != nil {
		return c.packed.spans - c.first
	}
	return len(c.records) - c.first
}

// begin returns the start position of the first span that is not dropped.
func (c *chunk) begin() uint32 {
	if c.first == 0 {
		return 0
	}
	return c.records[c.first-1].end
}

// size returns the number of bytes of the spans that are not dropped. If the chunk is
// compressed, this is an estimate.
func (c *chunk) size() int {
	if c.packed != nil {
		return c.packed.size * c.spans() / c.packed.spans
	}
	return len(c.bytes) - int(c.begin())
}

// fits reports whether the chunk has space for the spans of other.
func (c *chunk) fits(other *chunk) bool {
	return len(c.bytes)+other.size() <= cap(c.bytes) && len(c.records)+other.spans() <= cap(c.records)
}

// appendTo appends the spans of the chunk to all. It does not copy the bytes of the spans.
func (c *chunk) appendTo(all []otlp.Span) []otlp.Span {
	begin := c.begin()
	for _, r := range c.records[c.first:] {
		all = append(all, otlp.Span{Scope: c.scopes[r.scope], Bytes: c.bytes[begin:r.end]})
		begin = r.end
	}
	return all
}

// moveTo moves the first n spans to another chunk, which must have space for them.
func (c *chunk) moveTo(to *chunk, n int) {
	begin := c.begin()
	for _, r := range c.records[c.first : c.first+n] {
		to.put(c.scopes[r.scope], c.bytes[begin:r.end])
		begin = r.end
	}
	c.first += n
}

// ordinary reports whether the chunk can be reused.
func (c *chunk) ordinary() bool { return cap(c.records) == chunkSpans }

// held returns the number of bytes of memory that the chunk uses. For a chunk with one
// large span, it returns twice the size, because the request will contain a copy of the
// span.
func (c *chunk) held() int {
	switch {
	case c.packed != nil:
		return packedHeld // without the memory of the block
	case c.ordinary():
		return chunkHeld
	}
	return 2 * cap(c.bytes)
}

func (c *chunk) reset() {
	c.bytes, c.records, c.first = c.bytes[:0], c.records[:0], 0
	clear(c.scopes)
	c.scopes = c.scopes[:0]
}
