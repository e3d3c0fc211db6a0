package otlp

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// These are the tags of the message fields. A tag contains the field number and the wire
// type (https://github.com/open-telemetry/opentelemetry-proto).
const (
	requestResourceSpans = 1<<3 | 2

	resourceSpansResource = 1<<3 | 2
	resourceSpansScope    = 2<<3 | 2
	resourceSpansSchema   = 3<<3 | 2

	resourceAttributes = 1<<3 | 2

	scopeSpansScope  = 1<<3 | 2
	scopeSpansSpans  = 2<<3 | 2
	scopeSpansSchema = 3<<3 | 2

	scopeName       = 1<<3 | 2
	scopeVersion    = 2<<3 | 2
	scopeAttributes = 3<<3 | 2

	spanTraceID           = 1<<3 | 2
	spanSpanID            = 2<<3 | 2
	spanTraceState        = 3<<3 | 2
	spanParent            = 4<<3 | 2
	spanName              = 5<<3 | 2
	spanKind              = 6 << 3
	spanStart             = 7<<3 | 1
	spanEnd               = 8<<3 | 1
	spanAttributes        = 9<<3 | 2
	spanDroppedAttributes = 10 << 3
	spanEvents            = 11<<3 | 2
	spanDroppedEvents     = 12 << 3
	spanLinks             = 13<<3 | 2
	spanDroppedLinks      = 14 << 3
	spanStatus            = 15<<3 | 2
	spanFlags             = 16<<3 | 5

	eventTime              = 1<<3 | 1
	eventName              = 2<<3 | 2
	eventAttributes        = 3<<3 | 2
	eventDroppedAttributes = 4 << 3

	linkTraceID           = 1<<3 | 2
	linkSpanID            = 2<<3 | 2
	linkAttributes        = 4<<3 | 2
	linkDroppedAttributes = 5 << 3
	linkFlags             = 6<<3 | 5

	statusMessage = 2<<3 | 2
	statusCode    = 3 << 3

	keyField   = 1<<3 | 2
	valueField = 2<<3 | 2

	anyString = 1<<3 | 2
	anyBool   = 2 << 3
	anyInt    = 3 << 3
	anyDouble = 4<<3 | 1
	anyArray  = 5<<3 | 2
	anyMap    = 6<<3 | 2
	anyBytes  = 7<<3 | 2

	listValues = 1<<3 | 2
)

// appendVarint does the same as [protowire.AppendVarint]. If the encoded value has one
// byte, appendVarint writes it without calling that function. This is faster, because most
// values have one byte.
func appendVarint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return protowire.AppendVarint(b, v)
}

func sizeVarint(v int) int {
	if v < 0x80 {
		return 1
	}
	return protowire.SizeVarint(uint64(v))
}

// sizeField returns the size in bytes of a field whose content has length bytes. The field
// number must be below 16.
func sizeField(length int) int { return 1 + sizeVarint(length) + length }

// appendText appends a text field. It appends nothing if text is empty.
func appendText(b []byte, field byte, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, field)
	b = appendVarint(b, uint64(len(text)))
	return append(b, text...)
}

func appendID(b []byte, field byte, id []byte) []byte {
	b = append(b, field, byte(len(id)))
	return append(b, id...)
}

// appendCount appends n, a number of dropped items. If n is too large for uint32,
// appendCount writes the largest uint32. If n is 0, it appends nothing.
func appendCount(b []byte, field byte, n int) []byte {
	const most = 1<<32 - 1
	if n <= 0 {
		return b
	}
	b = append(b, field)
	return appendVarint(b, min(uint64(n), most))
}

// The function open starts a message. It leaves space for the length of the message. The
// function closed writes the length later. width is the number of bytes that the encoded
// length probably needs. The result at is the index of the first byte of the content.
func open(b []byte, width int) (_ []byte, at int) {
	b = append(b, "\x00\x00\x00"[:width]...)
	return b, len(b)
}

// The function closed ends a message that the function open started. The parameter at must
// be the result of open, and width must be the argument of open.
func closed(b []byte, at, width int) []byte {
	length := len(b) - at
	if size := sizeVarint(length); size != width {
		if size > width {
			b = slices.Insert(b, at, make([]byte, size-width)...)
		} else {
			b = slices.Delete(b, at+size-width, at)
		}
		at += size - width
		width = size
	}
	appendVarint(b[:at-width], uint64(length))
	return b
}
