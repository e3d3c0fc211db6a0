package sqltrace

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"iter"
	"runtime"
	"strings"
	"sync"
)

// The functions of this file walk the stack, because only the stack shows which function of
// database/sql called the driver. This function determines what database/sql does next.
// Walking the stack takes microseconds, so it is done only after a connection has failed, and
// when a connection is closed.

const sqlPackage = "database/sql."

// sqlFrames yields the stack frames of database/sql that called the driver, innermost
// first. If the driver of another pool uses this pool, the frames of the other pool are
// left out.
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

// retryLine returns a line number in the function retry of database/sql. The driver was
// called from this line. If database/sql makes the call only once, for example on a
// [sql.Conn], retryLine returns 0.
func retryLine() int {
	for frame := range sqlFrames() {
		if frame.Function == sqlPackage+"(*DB).retry" {
			return frame.Line
		}
	}
	return 0
}

// retryFollows reports whether database/sql makes another attempt if the current call of the
// driver fails because of a bad connection.
func retryFollows() bool {
	line := retryLine()
	return line != 0 && line == loopLine()
}

// loopLine returns the line number of all attempts except the last one. database/sql makes the
// last attempt from another line, after the loop in retry. loopLine makes the three attempts
// once, without a database, to find these lines. If all attempts have the same line, it
// returns 0.
var loopLine = sync.OnceValue(func() int {
	var unreachable unreachable
	pool := sql.OpenDB(&unreachable)
	defer pool.Close()
	_ = pool.PingContext(context.Background())
	first, last := unreachable.lines[0], unreachable.lines[len(unreachable.lines)-1]
	if first == last {
		return 0
	}
	return first
})

// unreachable is a connector without a database. It stores the line number of each attempt.
type unreachable struct{ lines []int }

func (u *unreachable) Connect(context.Context) (driver.Conn, error) {
	u.lines = append(u.lines, retryLine())
	return nil, driver.ErrBadConn
}

func (*unreachable) Driver() driver.Driver { return nil }

// closesConn reports whether the driver was called because a [sql.Conn] is being closed.
func closesConn() bool { return isCalledBy("(*Conn).close") }

// closesPool reports whether the driver was called because the pool is being closed.
func closesPool() bool { return isCalledBy("(*DB).Close") }

func isCalledBy(function string) bool {
	for frame := range sqlFrames() {
		if frame.Function == sqlPackage+function {
			return true
		}
	}
	return false
}

// goroutine returns the number of the current goroutine. database/sql makes all attempts of
// a call on the goroutine that made the call. Go never uses a goroutine number twice.
func goroutine() string {
	var text [32]byte // the text begins with "goroutine 18 [running]:"
	number, _, _ := bytes.Cut(bytes.TrimPrefix(text[:runtime.Stack(text[:], false)], []byte("goroutine ")), []byte(" "))
	return string(number)
}
