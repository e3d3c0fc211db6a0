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

// sizeOf returns the approximate number of bytes that an ended span uses on the heap. It
// allocates only for attributes that are lists.
func sizeOf(span sdktrace.ReadOnlySpan) int {
	size := spanHeld + len(span.Name()) + len(span.Status().Description) + sizeOfAttributes(span.Attributes())
	for _, event := range span.Events() {
		size += eventHeld + len(event.Name) + sizeOfAttributes(event.Attributes)
	}
	for _, link := range span.Links() {
		size += linkHeld + sizeOfAttributes(link.Attributes)
	}
	return size
}

func sizeOfAttributes(attributes []attribute.KeyValue) int {
	size := cap(attributes) * attributeHeld
	for i := range attributes {
		a := &attributes[i]
		size += len(a.Key)
		switch a.Value.Type() {
		case attribute.STRING:
			size += len(a.Value.AsString())
		case attribute.BOOL, attribute.INT64, attribute.FLOAT64:
		default:
			size += sizeOfList(a.Value)
		}
	}
	return size
}

func sizeOfList(v attribute.Value) int {
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
			size += elementHeld + len(text)
		}
	case attribute.SLICE:
		for _, element := range v.AsSlice() {
			size += attributeHeld + len(element.AsString()) + sizeOfList(element)
		}
	case attribute.MAP:
		size = sizeOfAttributes(v.AsMap())
	}
	return size
}
