package otlp

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Rules change the data of spans before the data is encoded. Several goroutines may call
// the methods at the same time. The methods must not change their arguments.
type Rules interface {
	// Completes reports whether Complete is called for the spans of scope.
	Completes(scope instrumentation.Scope) bool
	// Complete returns the span that is encoded instead of the argument.
	Complete(span sdktrace.ReadOnlySpan) sdktrace.ReadOnlySpan
	// Attribute returns two attributes. The attribute own is written instead of the
	// argument. The attribute added is written in addition to own, unless the span itself
	// has an attribute with the same key as added. If there is no attribute to add, the key
	// of added is empty. Attribute must return equal results for equal arguments. The
	// encoder then passes the keys of both attributes to Key. It does not pass their values
	// to Value, because the values of span attributes are cut and other values are not.
	Attribute(a attribute.KeyValue) (own, added attribute.KeyValue)
	// IsAdded reports whether Attribute can return an added attribute with this key.
	IsAdded(key attribute.Key) bool
	// AppendAdded appends the attributes that are added to span and that Attribute does not
	// return.
	AppendAdded(dst []attribute.KeyValue, span sdktrace.ReadOnlySpan) []attribute.KeyValue
	// Text returns the text that is written instead of the argument. The result is valid
	// UTF-8.
	Text(text string) string
	// Key returns the text that is written instead of the key of an attribute. The result is valid
	// UTF-8.
	Key(key attribute.Key) string
	// Value returns the value that is written instead of the argument. key is the key of
	// the attribute with this value. The attribute does not belong to a span, but to an
	// event, a link, a scope or a resource. All texts in the result are valid UTF-8.
	Value(key attribute.Key, value attribute.Value) attribute.Value
	// TraceState returns the trace state that is written instead of the argument.
	TraceState(state trace.TraceState) trace.TraceState
	// Scope returns the scope that is written instead of the argument.
	Scope(scope instrumentation.Scope) instrumentation.Scope
}

// Common contains the data that several encoders share. It is safe for concurrent use.
type Common struct {
	rules  Rules
	scopes scopeKeys
}

// NewCommon returns the shared data of encoders that use these rules.
func NewCommon(rules Rules) *Common {
	c := &Common{rules: rules}
	c.scopes.forget()
	return c
}

// An Encoder encodes spans. Only one goroutine at a time may use it.
type Encoder struct {
	*Common
	recent recentScopes
	cache  attributeCache
	added  []attribute.KeyValue // buffer for the results of Rules.AppendAdded
}

// NewEncoder returns a new encoder.
func (c *Common) NewEncoder() *Encoder {
	return &Encoder{Common: c, cache: attributeCache{rules: c.rules}}
}
