package errinfo

import (
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// carriedStack returns the stack in err, or "" if there is none: the errors of the standard
// library have no stack. If several errors in the chain have a stack, it returns that of
// the innermost error, which is closest to the failure.
func carriedStack(err error) string {
	stack := ""
	for ; err != nil; err = unwrapOne(err) {
		if s := stackOf(err); s != "" {
			stack = s
		}
	}
	return stack
}

func unwrapOne(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			if carriedStack(inner) != "" {
				return inner
			}
		}
		return nil
	}
	return errors.Unwrap(err)
}

// stackOf returns the stack of a single error. It supports the methods that common packages
// use for it.
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

// framesOf returns the program counters of an error from github.com/pkg/errors or a similar
// package. The method StackTrace of such an error returns a slice, whose type is declared
// in that package.
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

// mostFrames is the maximum number of frames in a formatted stack.
const mostFrames = 64

// PanicStack returns the stack of the current panic, from the function that panicked. It
// must be called by a deferred function. Without a panic, it returns "" and allocates
// nothing. If a deferred function has recovered from a panic and panics again, it returns
// the stack of the first panic.
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

// unwinding is the program counter in the runtime to which a deferred function returns if
// the runtime called it because of a panic.
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

// formatStack formats a stack as the runtime does, but without arguments. It leaves out the
// frames of the runtime at the top, which only raise the panic.
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
