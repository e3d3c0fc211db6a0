package otelutil

import (
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// An AttributeList is a list of attributes that is used again after [AttributeList.Release].
// This is safe, because spans copy their attributes.
type AttributeList []attribute.KeyValue

var lists = sync.Pool{New: func() any { return new(AttributeList) }}

// NewAttributeList returns an empty list.
func NewAttributeList() *AttributeList {
	l := lists.Get().(*AttributeList) //nolint:forcetypeassert // the pool has no other type
	*l = (*l)[:0]
	return l
}

// Add appends attrs to l.
func (l *AttributeList) Add(attrs ...attribute.KeyValue) { *l = append(*l, attrs...) }

// longest is the maximum capacity of a list that is kept.
const longest = 64

// Release makes l available to other callers of [NewAttributeList].
func (l *AttributeList) Release() {
	if cap(*l) <= longest {
		clear(*l) // the values must not stay in memory
		lists.Put(l)
	}
}

// Has reports whether span has the attribute attr. If the attributes of span cannot be read, Has
// returns true.
func Has(span trace.Span, attr attribute.KeyValue) bool {
	present, readable := attributesOf(span)
	return !readable || slices.ContainsFunc(present, func(a attribute.KeyValue) bool {
		return a.Key == attr.Key && a.Value.AsString() == attr.Value.AsString()
	})
}

// SetOn sets the attributes of l on span, with one call, so that the span allocates memory
// only once.
func (l *AttributeList) SetOn(span trace.Span) { span.SetAttributes(*l...) }

// SetMissingOn is like SetOn, but does not replace an attribute that span already has. The
// program has set such an attribute itself.
func (l *AttributeList) SetMissingOn(span trace.Span) {
	if present, _ := attributesOf(span); len(present) > 0 {
		*l = slices.DeleteFunc(*l, func(attr attribute.KeyValue) bool {
			return slices.ContainsFunc(present, func(p attribute.KeyValue) bool { return p.Key == attr.Key })
		})
	}
	l.SetOn(span)
}

// attributesOf returns the attributes of span. Spans of the SDK are readable.
func attributesOf(span trace.Span) (attrs []attribute.KeyValue, readable bool) {
	s, readable := span.(interface{ Attributes() []attribute.KeyValue })
	if !readable {
		return nil, false
	}
	return s.Attributes(), true
}
