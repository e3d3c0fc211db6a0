package pgxtrace

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// wire measures when the server answered a statement. It observes all reads and writes of
// the connection. This is necessary because pgx reports the end of a statement only after
// the program has read all rows. The time between two reads or writes is not counted,
// because the program uses this time.
type wire struct {
	pool      *pool // nil if the connection has no pool, or its pool is not known
	closed    atomic.Bool
	listening atomic.Bool
	mu        sync.Mutex
	owner     any // the statement or batch that is being executed
	start     time.Time
	both      bool          // writes are measured too, not only reads
	active    bool          // there was a read or a write since start
	idle      time.Duration // sum of the times between reads and writes
	at        time.Duration // time from start to the last read or write, without idle
	before    time.Duration // value of w.at before the last read
	comment   string        // text to insert at the end of the next statement that is written
}

// wrapFrontend changes config so that the connection reads and writes through w. config is
// a copy that pgx made for this one connection.
func (w *wire) wrapFrontend(config *pgx.ConnConfig) {
	build := config.BuildFrontend
	if build == nil {
		return
	}
	config.BuildFrontend = func(r io.Reader, out io.Writer) *pgproto3.Frontend {
		return build(reader{r, w}, writer{out, w})
	}
}

// listen starts to observe the connection for a statement. The parameter owner is this
// statement. If another statement or a batch is being executed, listen does nothing.
func (w *wire) listen(owner *statement, comment string) { w.begin(owner, owner.start, false, comment) }

// begin does the same as listen, but the parameter owner may also be a batch.
func (w *wire) begin(owner any, start time.Time, both bool, comment string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner != nil {
		return
	}
	w.owner, w.start, w.both, w.comment = owner, start, both, comment
	w.active, w.idle, w.at, w.before = false, 0, 0, 0
	w.listening.Store(true)
}

// wire.took ends the observation for st. It returns how long the server needed to answer st.
// exact is true if the server answered at least sqldb.Slack ago.
func (w *wire) took(st *statement) (d time.Duration, exact bool) {
	d = time.Since(st.start)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner != st {
		return d, false
	}
	active := w.active
	w.leave()
	if !active || d-w.at < sqldb.Slack {
		return d, false
	}
	return w.at, true
}

// leave ends the observation of the connection. The caller must hold the lock w.mu.
func (w *wire) leave() {
	w.listening.Store(false)
	w.owner, w.comment = nil, ""
}

// wire.answers returns two times, which are measured from w.start without the idle time:
//   - The result last is the end of the last read or write.
//   - The result before is the end of the read or write before the last read.
//
// If w does not observe the connection for owner, or if nothing was read or written yet, ok
// is false.
func (w *wire) answers(owner any) (last, before time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at, w.before, w.owner == owner && w.active
}

func (w *wire) stop(owner any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner == owner {
		w.leave()
	}
}

// resume is called before each read or write.
func (w *wire) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner != nil && w.active {
		w.idle = time.Since(w.start) - w.at
	}
}

// pause is called after each read or write. answer is true after a read.
func (w *wire) pause(answer bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner == nil {
		return
	}
	if answer {
		w.before = w.at
	}
	w.active = true
	w.at = time.Since(w.start) - w.idle
}

type reader struct {
	io.Reader

	wire *wire
}

func (r reader) Read(p []byte) (int, error) {
	if !r.wire.listening.Load() {
		return r.Reader.Read(p)
	}
	r.wire.resume()
	n, err := r.Reader.Read(p)
	r.wire.pause(true)
	return n, err
}

// closes is called when the connection is closed. It may be called again.
func (w *wire) closes() {
	if w.pool != nil && w.closed.CompareAndSwap(false, true) {
		w.pool.connClosed()
	}
}

// terminate is the message that pgx writes before it closes a connection.
const terminate = "X\x00\x00\x00\x04"

type writer struct {
	io.Writer

	wire *wire
}

func (w writer) Write(p []byte) (int, error) {
	if w.wire.pool != nil && len(p) == len(terminate) && string(p) == terminate {
		w.wire.closes()
	}
	if !w.wire.listening.Load() {
		return w.Writer.Write(p)
	}
	return w.wire.write(w.Writer, p)
}

func (w *wire) write(out io.Writer, p []byte) (int, error) {
	w.mu.Lock()
	both, comment := w.both, w.comment
	w.mu.Unlock()
	if both {
		w.resume()
		defer w.pause(false)
	}
	if comment == "" {
		return out.Write(p)
	}
	commented := withComment(p, comment)
	n, err := out.Write(commented)
	if err == nil || n > len(p) {
		n = len(p)
	}
	return n, err
}
