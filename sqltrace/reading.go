package sqltrace

import (
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
)

// readTime is the time within which the program must close the rows of a statement. After
// this time, the span of the statement ends without the number of rows.
const readTime = 5 * time.Second

// readings is a list of the rows that are not closed yet, oldest first. The span of a
// statement ends when its rows are closed. One timer is used for the whole list.
type readings struct {
	mu             sync.Mutex
	oldest, newest *rows
	timer          *time.Timer
	watching       bool
}

func (l *readings) add(r *rows) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.older = l.newest
	if l.newest != nil {
		l.newest.newer = r
	} else {
		l.oldest = r
	}
	l.newest = r
	if !l.watching {
		l.watch(readTime)
	}
}

// remove removes r from the list, and reports whether r was in the list. If it reports
// true, the caller must end the span.
func (l *readings) remove(r *rows) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unlink(r)
}

func (l *readings) unlink(r *rows) bool {
	if r.older == nil && l.oldest != r {
		return false
	}
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		l.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		l.newest = r.older
	}
	r.older, r.newer = nil, nil
	return true
}

func (l *readings) watch(d time.Duration) {
	l.watching = true
	if l.timer == nil {
		l.timer = time.AfterFunc(d, l.expire)
	} else {
		l.timer.Reset(d)
	}
}

// expire ends the spans of all rows that have been in the list for at least readTime.
func (l *readings) expire() {
	for _, r := range l.late() {
		r.statement.end(db.Outcome{}, trace.WithTimestamp(r.at))
	}
}

func (l *readings) late() (late []*rows) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for r := l.oldest; r != nil; r = l.oldest {
		if left := readTime - time.Since(r.at); left > 0 {
			l.watch(left)
			return late
		}
		l.unlink(r)
		late = append(late, r)
	}
	l.watching = false
	return late
}
