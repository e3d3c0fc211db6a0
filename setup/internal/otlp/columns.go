package otlp

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// Columns divides encoded spans into the IDs and the rest. Most IDs are random, so the rest can
// be compressed better without them. In the rest, the times are
// differences: the start minus the start of the previous span, and the end minus the start. The
// zero value is ready for use.
type Columns struct {
	Rest, IDs []byte
	start     uint64 // of the previous span
}

// Reset removes all spans. It keeps the memory.
func (c *Columns) Reset() { c.Rest, c.IDs, c.start = c.Rest[:0], c.IDs[:0], 0 }

// Split appends a span. It returns the number of bytes of the rest of this span.
func (c *Columns) Split(span []byte) int {
	before := len(c.Rest)
	at, done := afterSize(span), 0
	for _, id := range ids {
		if !id.isAt(span[at:]) {
			break
		}
		c.Rest = append(c.Rest, span[done:at+2]...)
		done = at + 2 + id.size
		c.IDs = append(c.IDs, span[at+2:done]...)
		at = done
	}
	c.Rest = append(c.Rest, span[done:]...)
	if start, end := times(c.Rest[len(c.Rest)-len(span[at:]):]); start != nil {
		at := binary.LittleEndian.Uint64(start)
		binary.LittleEndian.PutUint64(end, binary.LittleEndian.Uint64(end)-at)
		binary.LittleEndian.PutUint64(start, at-c.start)
		c.start = at
	}
	return len(c.Rest) - before
}

// Join removes the first span, and appends it to b. size is the number of bytes of its rest.
func (c *Columns) Join(b []byte, size int) []byte {
	rest := c.Rest[:size]
	c.Rest = c.Rest[size:]
	at, done := afterSize(rest), 0
	for _, id := range ids {
		if !id.isAt(rest[at:]) {
			break
		}
		at += 2
		b = append(append(b, rest[done:at]...), c.IDs[:id.size]...)
		c.IDs, done = c.IDs[id.size:], at
	}
	if start, end := times(rest[at:]); start != nil {
		c.start += binary.LittleEndian.Uint64(start)
		binary.LittleEndian.PutUint64(start, c.start)
		binary.LittleEndian.PutUint64(end, c.start+binary.LittleEndian.Uint64(end))
	}
	return append(b, rest[done:]...)
}

// An id is a field that contains an ID.
type id struct {
	tag  byte
	size int
}

// ids contains the fields in the order in which the encoder writes them.
var ids = [...]id{{spanTraceID, 16}, {spanSpanID, 8}, {spanParent, 8}}

// isAt reports whether b begins with the tag and the size of the ID.
func (i id) isAt(b []byte) bool { return len(b) >= 2 && b[0] == i.tag && int(b[1]) == i.size }

// afterSize returns the position of the first field of an encoded span.
func afterSize(span []byte) int {
	_, n := binary.Uvarint(span[1:])
	return 1 + n
}

// times returns the bytes of the times of the start and of the end. fields are fields of a span.
// If the fields do not contain both times one after the other, the results are nil.
func times(fields []byte) (start, end []byte) {
	for len(fields) > 0 && fields[0] != spanStart {
		_, _, size := protowire.ConsumeField(fields)
		if size < 0 {
			return nil, nil
		}
		fields = fields[size:]
	}
	if len(fields) < 18 || fields[9] != spanEnd {
		return nil, nil
	}
	return fields[1:9], fields[10:18]
}
