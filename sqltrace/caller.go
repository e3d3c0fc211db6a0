package sqltrace

import (
	"bytes"
	"iter"
	"runtime"
	"strings"
)

// Only the stack shows which function of database/sql called the driver, and so what
// database/sql does next. The functions of this file walk the stack. That takes
// microseconds, so they are called only after a connection has failed.

const sqlPackage = "database/sql."

// sqlFrames yields the frames of database/sql that called the driver, innermost first. It
// leaves out the frames of an outer pool, whose driver uses this pool.
func sqlFrames() iter.Seq[runtime.Frame] {
	return func(yield func(runtime.Frame) bool) {
		var counters [64]uintptr
		frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters[:])])
		inside := false
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			if !strings.HasPrefix(frame.Function, sqlPackage) {
				if inside {
					return
				}
				continue
			}
			inside = true
			if !yield(frame) {
				return
			}
		}
	}
}

// retryLine returns the line number in database/sql's function retry from which the driver
// was called. It returns 0 if database/sql makes the call only once, for example on a
// [sql.Conn]. The last attempt is made after the loop of retry, so its line number is
// greater than that of the other attempts.
func retryLine() int {
	for frame := range sqlFrames() {
		if frame.Function == sqlPackage+"(*DB).retry" {
			return frame.Line
		}
	}
	return 0
}

// closesConn reports whether the driver was called because a [sql.Conn] is closed.
func closesConn() bool {
	for frame := range sqlFrames() {
		if frame.Function == sqlPackage+"(*Conn).close" {
			return true
		}
	}
	return false
}

// goroutine returns the number of the calling goroutine. database/sql makes every attempt
// of a call on the goroutine of its caller. Go never uses a goroutine number twice.
func goroutine() string {
	var text [32]byte // the text begins with "goroutine 18 [running]:"
	number, _, _ := bytes.Cut(bytes.TrimPrefix(text[:runtime.Stack(text[:], false)], []byte("goroutine ")), []byte(" "))
	return string(number)
}
