package errinfo

import (
	"cmp"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// carriedStack returns the stack in the chain of err, or "" if no error in the chain has a
// stack. The errors of the standard library have no stack. If several errors in the chain
// have a stack, carriedStack returns the stack of the innermost of them, because it is
// closest to the failure.
func carriedStack(err error) string {
	stack := ""
	for err != nil {
		if s := stackOf(err); s != "" {
			stack = s
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			return cmp.Or(firstStack(many.Unwrap()), stack)
		}
		err = errors.Unwrap(err)
	}
	return stack
}

// firstStack returns the stack of the first error that has one.
func firstStack(errs []error) string {
	for _, err := range errs {
		if s := carriedStack(err); s != "" {
			return s
		}
	}
	return ""
}

// stackOf returns the stack of err, but not of the errors that err wraps. It supports the
// methods with which common packages return a stack.
func stackOf(err error) string {
	switch e := err.(type) { //nolint:errorlint // checks only this error of the chain
	case interface{ StackTrace() string }:
		return e.StackTrace()
	case interface{ Stacktrace() string }:
		return e.Stacktrace()
	case interface{ Stack() []byte }:
		return string(e.Stack())
	case interface{ Stack() string }:
		return e.Stack()
	case interface{ StackTrace() []uintptr }:
		return formatStack(e.StackTrace())
	case interface{ Callers() []uintptr }:
		return formatStack(e.Callers())
	}
	return formatStack(framesOf(err))
}

// framesOf returns the program counters in the stack of an error from github.com/pkg/errors
// or a similar package. Such an error has a method StackTrace, which returns a slice.
// framesOf uses reflection, because the type of the slice is declared in the package of the
// error.
func framesOf(err error) []uintptr {
	method := reflect.ValueOf(err).MethodByName("StackTrace")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return nil
	}
	out := method.Type().Out(0)
	if out.Kind() != reflect.Slice || out.Elem().Kind() != reflect.Uintptr {
		return nil
	}
	frames := method.Call(nil)[0]
	counters := make([]uintptr, frames.Len())
	for i := range counters {
		counters[i] = uintptr(frames.Index(i).Uint())
	}
	return counters
}

const mostFrames = 64

// PanicStack returns the stack of the current panic. The stack begins with the function
// that panicked. PanicStack must be called by a deferred function. If there is no panic,
// PanicStack returns "" and allocates nothing. If another deferred function has recovered
// from a panic and then panicked itself, PanicStack returns the stack of the first panic.
func PanicStack() string {
	var counters [4 * mostFrames]uintptr
	n := runtime.Callers(2, counters[:])
	for i, counter := range slices.Backward(counters[:n]) {
		if counter == unwinding {
			return formatStack(append([]uintptr(nil), counters[i+1:n]...))
		}
	}
	return ""
}

// unwinding is a program counter in the runtime. A deferred function returns to this
// address if the runtime called the function because of a panic.
var unwinding = findUnwinding()

func findUnwinding() (counter uintptr) {
	defer func() {
		_ = recover()
		var counters [16]uintptr
		for _, c := range counters[:runtime.Callers(1, counters[:])] {
			if f := runtime.FuncForPC(c - 1); f != nil && f.Name() == "runtime.gopanic" {
				counter = c
			}
		}
	}()
	panic("to find where the runtime calls deferred functions") //nolint:forbidigo // recovered above
}

// formatStack formats a stack in the same way as the runtime, but without arguments. At the
// top of the stack, it leaves out the runtime's own frames, which only raise the panic.
func formatStack(counters []uintptr) string {
	if len(counters) == 0 {
		return ""
	}
	var b strings.Builder
	frames := runtime.CallersFrames(counters)
	for range mostFrames {
		frame, more := frames.Next()
		if frame.Function != "" && (b.Len() > 0 || !strings.HasPrefix(frame.Function, "runtime.")) {
			b.WriteString(frame.Function)
			b.WriteString("(...)\n\t")
			b.WriteString(frame.File)
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(frame.Line))
			b.WriteByte('\n')
		}
		if !more {
			break
		}
	}
	return b.String()
}
