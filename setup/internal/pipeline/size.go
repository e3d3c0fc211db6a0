package pipeline

import (
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Each of these constants is the approximate number of bytes that one part of a span uses
// on the heap, without texts.
const (
	spanHeld      = 512
	eventHeld     = 64
	linkHeld      = 128
	attributeHeld = 64
	elementHeld   = 16
)

// unknownSize is the size of a text that the SDK has cut. The text may keep a much longer text
// on the heap, so no shard may use so many bytes.
const unknownSize = 1 << 32

// A sizer estimates the size of spans. It is the length, in characters, at which the SDK cuts
// the values of attributes, or zero if the SDK does not cut them.
type sizer int

// sizeOf returns the approximate number of bytes that an ended span uses on the heap. It
// allocates only for attributes that are lists.
func (s sizer) sizeOf(span sdktrace.ReadOnlySpan) int {
	size := spanHeld + len(span.Name()) + len(span.Status().Description) + s.attributes(span.Attributes())
	for _, event := range span.Events() {
		size += eventHeld + len(event.Name) + s.attributes(event.Attributes)
	}
	for _, link := range span.Links() {
		size += linkHeld + s.attributes(link.Attributes)
	}
	return size
}

func (s sizer) text(text string) int {
	if s > 0 && len(text) >= int(s) {
		return unknownSize
	}
	return len(text)
}

func (s sizer) attributes(attributes []attribute.KeyValue) int {
	size := cap(attributes) * attributeHeld
	for i := range attributes {
		a := &attributes[i]
		size += len(a.Key)
		switch a.Value.Type() {
		case attribute.STRING:
			size += s.text(a.Value.AsString())
		case attribute.BOOL, attribute.INT64, attribute.FLOAT64:
		default:
			size += s.list(a.Value)
		}
	}
	return size
}

func (s sizer) list(v attribute.Value) int {
	size := 0
	switch v.Type() {
	case attribute.BYTESLICE:
		size = len(v.AsByteSlice())
	case attribute.BOOLSLICE:
		size = len(v.AsBoolSlice())
	case attribute.INT64SLICE:
		size = elementHeld * len(v.AsInt64Slice())
	case attribute.FLOAT64SLICE:
		size = elementHeld * len(v.AsFloat64Slice())
	case attribute.STRINGSLICE:
		for _, text := range v.AsStringSlice() {
			size += elementHeld + s.text(text)
		}
	case attribute.SLICE:
		for _, element := range v.AsSlice() {
			size += attributeHeld + s.text(element.AsString()) + s.list(element)
		}
	case attribute.MAP:
		size = s.attributes(v.AsMap())
	}
	return size
}
