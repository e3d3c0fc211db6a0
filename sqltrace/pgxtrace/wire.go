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

// wire listens to what goes between pgx and the server while a statement is under
// way, since pgx itself does not tell when the server has answered: only when the
// program is done with the answer. Time in which neither writes nor reads anything
// is the program's own.
type wire struct {
	listening atomic.Bool
	mu        sync.Mutex
	owner     any // what is under way
	start     time.Time
	both      bool          // writing is listened to, too
	active    bool          // something was written or read
	idle      time.Duration // between what was
	at        time.Duration // when the last of it ended, without idle time
	before    time.Duration // the same of the answer before the last
	comment   string        // goes to the end of the next text
}

// wrapFrontend makes the connection that config is for read and write through w. config
// is pgx's own copy, made for one connection.
func (w *wire) wrapFrontend(config *pgx.ConnConfig) {
	build := config.BuildFrontend
	if build == nil {
		return
	}
	config.BuildFrontend = func(r io.Reader, out io.Writer) *pgproto3.Frontend {
		return build(reader{r, w}, writer{out, w})
	}
}

// listen begins to listen for owner, unless something else is under way.
func (w *wire) listen(owner *statement, comment string) { w.begin(owner, owner.start, false, comment) }

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

// took ends listening for st, and returns how long the server took to answer. It is
// exact when that is worth telling from the time until now.
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

// leave ends listening.
func (w *wire) leave() {
	w.listening.Store(false)
	w.owner, w.comment = nil, ""
}

// answers returns when the last answer and the one before it had come, since the start
// and without idle time. ok is false if w does not listen for owner, or nothing came yet.
func (w *wire) answers(owner any) (last, before time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at, w.before, w.owner == owner && w.active
}

// stop ends listening for owner.
func (w *wire) stop(owner any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner == owner {
		w.leave()
	}
}

// resume is called before something is written or read.
func (w *wire) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner != nil && w.active {
		w.idle = time.Since(w.start) - w.at
	}
}

// pause is called after that.
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

type writer struct {
	io.Writer

	wire *wire
}

func (w writer) Write(p []byte) (int, error) {
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
