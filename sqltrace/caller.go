package sqltrace

import (
	"bytes"
	"iter"
	"runtime"
	"strings"
)

// What database/sql does next is known only from who in it called the driver. The
// functions of this file are for failures of connections: they walk the stack, which
// takes microseconds.

const sqlPackage = "database/sql."

// sqlFrames yields the frames of database/sql that called the driver, from the inside
// to the outside, without those of an outer pool.
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

// retryLine returns the line of database/sql's loop of attempts from which the driver
// was called, or 0 if the call is made only once, as those of [sql.Conn] are. The last
// attempt is made after the loop, so its line is greater than that of the others.
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

// goroutine returns the number of the calling goroutine. database/sql makes every
// attempt of a call on the goroutine of its caller. Numbers are never used twice.
func goroutine() string {
	var text [32]byte // goroutine 18 [running]:
	number, _, _ := bytes.Cut(bytes.TrimPrefix(text[:runtime.Stack(text[:], false)], []byte("goroutine ")), []byte(" "))
	return string(number)
}
