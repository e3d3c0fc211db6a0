// Package errinfo describes errors and panics for log lines and spans, and makes
// text from elsewhere fit to be recorded.
package errinfo

import (
	"errors"
	"reflect"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Info is an error or a panic, described.
type Info struct {
	Type    string // of what was wrapped; "" for a panic
	Message string
	Stack   string // "" where nothing carries one
}

// Or returns f, and where it says nothing what other says.
func (f Info) Or(other Info) Info {
	if f.Type == "" {
		f.Type, f.Message = other.Type, other.Message
	}
	if f.Stack == "" {
		f.Stack = other.Stack
	}
	return f
}

// Describe describes err, whose methods may panic: those of a nil pointer do. It
// must not be nil.
func Describe(err error) (f Info) {
	defer func() { _ = recover() }()
	cause := causeOf(err)
	f.Type = reflect.TypeOf(cause).String()
	f.Stack = carriedStack(err)
	f.Message = err.Error()
	return f
}

// TypeOf returns the error.type of err, and _OTHER if a method of err panics.
func TypeOf(err error) (name string) {
	defer func() {
		if recover() != nil {
			name = "_OTHER"
		}
	}()
	return semconv.ErrorType(err).Value.AsString()
}

// wrappers are the types that say nothing of an error but that it was wrapped:
// those of fmt and errors, and those that add a stack or a message.
var wrappers = map[string]bool{
	"*fmt.wrapError": true, "*fmt.wrapErrors": true, "*errors.joinError": true,
	"*errors.withStack": true, "*errors.withMessage": true,
}

// causeOf returns what was wrapped, the first one of several.
func causeOf(err error) error {
	for wrappers[reflect.TypeOf(err).String()] {
		inner := errors.Unwrap(err)
		if many, ok := err.(interface{ Unwrap() []error }); ok && len(many.Unwrap()) > 0 {
			inner = many.Unwrap()[0]
		}
		if inner == nil {
			break
		}
		err = inner
	}
	return err
}
