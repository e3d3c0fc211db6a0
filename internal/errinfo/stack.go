package errinfo

import (
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// carriedStack returns the stack that err carries: of several in its chain the
// innermost, which is nearest to what went wrong. It is "" for an error without
// one, as those of the standard library are.
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

// stackOf returns the stack of one error, in any of the forms in use.
func stackOf(err error) string {
	switch e := err.(type) { //nolint:errorlint // one layer at a time
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

// framesOf returns the frames of an error of github.com/pkg/errors and its kin,
// whose StackTrace returns a slice of program counters under a name of its own.
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

// mostFrames is how many frames of a stack are told.
const mostFrames = 64

// PanicStack returns the stack of the panic that is unwinding, from where it
// began, and "" where there is none. It allocates nothing in that case. Of several,
// as where a deferred function recovers and panics again, it is the first one's.
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

// unwinding is where the runtime returns to from a deferred function that it
// calls because of a panic.
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
	panic("to see from where deferred functions are called") //nolint:forbidigo // recovered above
}

// formatStack writes a stack as the runtime does, without arguments. The
// runtime's own frames at its top, which raise the panic, say nothing.
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
