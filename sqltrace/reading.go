package sqltrace

import (
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
)

// readTime is the time after which rows that the program has not closed leave the list of readings.
const readTime = 5 * time.Second

// readings is a list of the rows that are not closed yet, oldest first. A statement ends when its
// rows are closed, because only then it is known whether it has failed. Rows that are open for
// longer than readTime leave the list. Then their statement also ends when the garbage collector
// finds that the program has lost them. One timer is used for the whole list.
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

// remove removes r from the list. If r has left the list before, its statement no longer ends when
// the program loses r.
func (l *readings) remove(r *rows) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.watched {
		r.lost.Stop()
		return
	}
	l.unlink(r)
}

func (l *readings) unlink(r *rows) {
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
}

func (l *readings) watch(d time.Duration) {
	l.watching = true
	if l.timer == nil {
		l.timer = time.AfterFunc(d, l.expire)
	} else {
		l.timer.Reset(d)
	}
}

func (l *readings) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for r := l.oldest; r != nil; r = l.oldest {
		if left := readTime - time.Since(r.statement.answered); left > 0 {
			l.watch(left)
			return
		}
		l.unlink(r)
		r.watch()
	}
	l.watching = false
}

// watch makes the statement of r end when the program has lost r. The cleanup has a statement of its
// own, because it must not refer to r. It must not refer to the pool either, because the pool
// refers to the rows of prepared statements.
func (r *rows) watch() {
	st := r.statement
	unread := &statement{
		engine: &engine{Telemetry: st.engine.Telemetry}, operation: st.operation, start: st.start, answered: st.answered,
		inside: st.inside, span: st.span, bare: st.bare,
	}
	r.watched = true
	r.lost = runtime.AddCleanup(st, (*statement).endUnread, unread)
}

// endUnread ends a statement whose rows were not closed. The number of rows is not recorded.
func (st *statement) endUnread() {
	st.record(db.Outcome{})
	st.end(db.Outcome{}, trace.WithTimestamp(st.answered))
}
