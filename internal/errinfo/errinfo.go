// Package errinfo describes errors and panics for log lines and spans. It also makes text
// from other sources safe for log lines and spans.
package errinfo

import (
	"errors"
	"reflect"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// An Info describes an error or a panic.
type Info struct {
	Type    string // type of the error without its wrappers; "" for a panic
	Message string
	Stack   string // "" if no error in the chain has a stack
}

// Or returns f with missing parts taken from other. If f has no type, the type and the
// message are taken from other. If f has no stack, the stack is taken from other.
func (f Info) Or(other Info) Info {
	if f.Type == "" {
		f.Type, f.Message = other.Type, other.Message
	}
	if f.Stack == "" {
		f.Stack = other.Stack
	}
	return f
}

// Describe describes err, which must not be nil. A method of err may panic, for example
// because err is a nil pointer. Then Describe recovers, and returns what it has found
// before the panic.
func Describe(err error) (f Info) {
	defer func() { _ = recover() }()
	cause := causeOf(err)
	f.Type = reflect.TypeOf(cause).String()
	f.Stack = carriedStack(err)
	f.Message = err.Error()
	return f
}

// TypeOf returns the error.type of err, or _OTHER if a method of err panics.
func TypeOf(err error) (name string) {
	defer func() {
		if recover() != nil {
			name = "_OTHER"
		}
	}()
	return semconv.ErrorType(err).Value.AsString()
}

// wrappers are the types of errors that only wrap other errors. These are the types of the
// packages fmt and errors, and types that add a stack or a message to an error.
var wrappers = map[string]bool{
	"*fmt.wrapError": true, "*fmt.wrapErrors": true, "*errors.joinError": true,
	"*errors.withStack": true, "*errors.withMessage": true,
}

// causeOf removes the wrappers around err and returns the error inside. If a wrapper
// contains several errors, causeOf continues with the first.
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
