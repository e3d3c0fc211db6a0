package otlp

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Rules say what is written in the place of what a span holds. They are called
// from many goroutines, and must not change what they are given.
type Rules interface {
	// Attribute returns what is written in the place of an attribute of a span,
	// and what is added to the span for it, unless it has one of that name; its
	// key is empty if nothing is. For equal attributes it returns the same.
	// The keys and values of both are passed to Text and Value after that.
	Attribute(a attribute.KeyValue) (own, added attribute.KeyValue)
	// IsAdded reports whether Attribute adds attributes of that name.
	IsAdded(key attribute.Key) bool
	// AppendAdded appends what else is added to span.
	AppendAdded(dst []attribute.KeyValue, span sdktrace.ReadOnlySpan) []attribute.KeyValue
	// Text returns a valid UTF-8 text.
	Text(text string) string
	// Value does what Text does for the value of an attribute with that key.
	Value(key attribute.Key, value attribute.Value) attribute.Value
	// TraceState and Scope do it for what they are given.
	TraceState(state trace.TraceState) trace.TraceState
	Scope(scope instrumentation.Scope) instrumentation.Scope
}

// Common is what the encoders of a process have in common. It is safe for
// concurrent use.
type Common struct {
	rules  Rules
	scopes scopeKeys
}

// NewCommon returns the common part of encoders under these rules.
func NewCommon(rules Rules) *Common {
	c := &Common{rules: rules}
	c.scopes.forget()
	return c
}

// An Encoder writes spans. It is for one goroutine at a time.
type Encoder struct {
	*Common
	recent recentScopes
	cache  attributeCache
	added  []attribute.KeyValue // what else is added to the span under way
}

// NewEncoder returns another encoder.
func (c *Common) NewEncoder() *Encoder {
	return &Encoder{Common: c, cache: attributeCache{rules: c.rules}}
}
