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
	// AppendAttributes appends the attributes of span to dst, with those that
	// are added to it. Their texts are passed to Text and Value after that.
	AppendAttributes(dst []attribute.KeyValue, span sdktrace.ReadOnlySpan) []attribute.KeyValue
	// AppendAdded appends only those that are added, which is faster, and false
	// when others are changed too.
	AppendAdded(dst []attribute.KeyValue, span sdktrace.ReadOnlySpan) (_ []attribute.KeyValue, ok bool)
	// Text returns a valid UTF-8 text.
	Text(text string) string
	// Value does what Text does for a value that holds bytes or other values.
	Value(value attribute.Value) attribute.Value
	// TraceState and Scope do it for what they are given.
	TraceState(state trace.TraceState) trace.TraceState
	Scope(scope instrumentation.Scope) instrumentation.Scope
}

// Common is what the encoders of a process have in common. It is safe for
// concurrent use.
type Common struct {
	rules   Rules
	keys    keys
	origins origins
}

// NewCommon returns the common part of encoders under these rules.
func NewCommon(rules Rules) *Common {
	c := &Common{rules: rules}
	c.origins.forget()
	return c
}

// An Encoder writes spans. It is for one goroutine at a time.
type Encoder struct {
	*Common
	recent     recentOrigins
	attributes []attribute.KeyValue // those of the span under way that are not its own
}

// NewEncoder returns another encoder.
func (c *Common) NewEncoder() *Encoder { return &Encoder{Common: c} }
