package setup

import (
	"errors"
	"log/slog"
	"reflect"
)

// fault is what a line says of an error or a panic beside the program's own
// fields.
type fault struct {
	errorType string
	message   string // for the export alone: in the line the attribute has it
	stack     string
}

func (f fault) isZero() bool { return f == fault{} }

// or returns f, and where it says nothing what other says.
func (f fault) or(other fault) fault {
	if f.errorType == "" {
		f.errorType, f.message = other.errorType, other.message
	}
	if f.stack == "" {
		f.stack = other.stack
	}
	return f
}

// fault returns what the attributes themselves say.
func (s *survey) fault() fault {
	f := fault{stack: s.stack}
	if s.err != nil {
		f = f.or(describeError(s.err))
	}
	return f
}

// faultOf returns what the line of r must say, less what the program says itself.
func (h *logHandler) faultOf(r slog.Record, found survey) fault {
	f := found.fault().or(h.fault)
	if r.Level >= slog.LevelError && f.stack == "" && !found.own.stack && !h.own.stack {
		f.stack = panicStack()
	}
	if found.own.stack || h.own.stack {
		f.stack = ""
	}
	if found.own.errorType || h.own.errorType {
		f.errorType = ""
	}
	return f
}

// describeError reads an error of the program's, whose methods may panic: those of
// a nil pointer do.
func describeError(err error) (f fault) {
	defer func() { _ = recover() }()
	if plain, ok := err.(plainError); ok { //nolint:errorlint // it is the handler's own, and outermost
		err = plain.error
	}
	cause := causeOf(err)
	f.errorType = reflect.TypeOf(cause).String()
	f.stack = carriedStack(err)
	f.message = err.Error()
	return f
}

// messageOf is err.Error() of an error that may be nil, or panic.
func messageOf(err error) (message string) {
	defer func() {
		if recover() != nil {
			message = "<nil>"
		}
	}()
	return err.Error()
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
		if many, ok := err.(interface{ Unwrap() []error }); ok && len(many.Unwrap()) > 0 { //nolint:errorlint // one layer at a time
			inner = many.Unwrap()[0]
		}
		if inner == nil {
			break
		}
		err = inner
	}
	return err
}
