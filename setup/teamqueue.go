package setup

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nais/spor/internal/environ"
)

var noContext = context.Background()

const (
	// teamBytes is how much of Team Logs waits.
	teamBytes = 1 << 20
	// teamIdle is how long the connection is kept without a record.
	teamIdle = 30 * time.Second
	// teamPatience is how long connecting and one write may take.
	teamPatience = 5 * time.Second
)

// theTeam is the way to Team Logs, of every handler: they are made before Start.
var theTeam = &teamQueue{changed: make(chan struct{}), address: "team-logs.nais-system:5170"}

// teamQueue holds the records on their way to Team Logs. A goroutine sends them,
// while there are any.
type teamQueue struct {
	mu      sync.Mutex
	lines   [][]byte
	bytes   int
	sender  int           // the number of the last one; others have been given up
	sending bool          // that one is at it
	flying  bool          // and has a line
	changed chan struct{} // closed and replaced when a line comes or goes
	closing bool          // do not keep the connection, do not try again
	writer  io.Writer     // that of WithTeamLogs
	address string        // where a pod's go
	known   []byte        // the fields of every line

	exported bool  // OTLP logs are on
	warned   bool  // of that
	dropped  int64 // all of them
	told     int64 // those that people were told of
}

// fields returns those that every line begins with.
func (q *teamQueue) fields() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.known == nil {
		q.known = teamFields(environ.Process())
	}
	return slices.Clone(q.known)
}

// add takes a line, if there is room. It never waits.
func (q *teamQueue) add(line []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+len(line) > teamBytes {
		q.drop(1, "the queue is full")
		return
	}
	q.lines = append(q.lines, line)
	q.bytes += len(line)
	q.change()
	if !q.sending {
		q.sending = true
		q.sender++
		go q.send(q.sender)
	}
}

// change wakes those who wait. The caller holds the lock.
func (q *teamQueue) change() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// drop counts lines, and tells of the first. The caller holds the lock.
func (q *teamQueue) drop(n int64, why string) {
	first := q.dropped == 0
	if q.dropped += n; first {
		q.told = q.dropped
		go tellTeamDrops(q.dropped, q.address, why)
	}
}

func tellTeamDrops(n int64, address, why string) {
	logger().LogAttrs(noContext, slog.LevelWarn, "records for Team Logs were dropped",
		slog.Int64("records", n), slog.String("error", why), slog.String("endpoint", address),
		slog.String("cure", "does accessPolicy.outbound of nais.yaml allow application logging in namespace nais-system? (elsewhere: setup.WithTeamLogs)"))
}

// warnOfExport says once that records without the mark go where every team reads.
func (q *teamQueue) warnOfExport() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.exported && !q.warned {
		q.warned = true
		go logger().LogAttrs(noContext, slog.LevelWarn, "OTEL_LOGS_EXPORTER=otlp must not be used with Team Logs",
			slog.String("error", "every record without the mark is exported to where all teams can read"),
			slog.String("cure", "set OTEL_LOGS_EXPORTER=none: the platform reads standard output already"))
	}
}

// send writes lines until there are none for a while.
func (q *teamQueue) send(sender int) {
	var out teamConn
	defer out.close()
	for {
		line, ok := q.next(sender)
		if !ok {
			return
		}
		q.sent(sender, q.deliver(sender, &out, line))
	}
}

// next takes the first line once there is one. It reports false when there was
// none for teamIdle, or when they are not waited for any more.
func (q *teamQueue) next(sender int) (line []byte, ok bool) {
	idle := time.NewTimer(teamIdle)
	defer idle.Stop()
	for late := false; ; {
		line, ok, changed := q.take(sender, late)
		if ok || changed == nil {
			return line, ok
		}
		select {
		case <-changed:
		case <-idle.C:
			late = true
		}
	}
}

// take takes the first line. Where there is none, it returns what tells of the
// next, or nil for a sender that is to end.
func (q *teamQueue) take(sender int, late bool) (line []byte, ok bool, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case sender != q.sender:
		return nil, false, nil
	case len(q.lines) > 0:
		line = q.lines[0]
		q.lines, q.bytes, q.flying = q.lines[1:], q.bytes-len(line), true
		return line, true, nil
	case late || q.closing:
		q.sending = false
		q.change()
		return nil, false, nil
	}
	return nil, false, q.changed
}

// deliver writes line, and tries again until it is told not to.
func (q *teamQueue) deliver(sender int, out *teamConn, line []byte) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		w, address, last := q.target(sender)
		err := out.write(w, address, line)
		if err == nil || last || w != nil || !inPod() {
			return err
		}
		q.rest(sender, pause)
	}
}

// target returns the program's writer, if it has one, the address otherwise, and
// whether this is the last try.
func (q *teamQueue) target(sender int) (w io.Writer, address string, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.writer, q.address, q.closing || sender != q.sender
}

// rest waits, but not for long once the queue is closing.
func (q *teamQueue) rest(sender int, pause time.Duration) {
	over := time.NewTimer(pause)
	defer over.Stop()
	for {
		q.mu.Lock()
		last, changed := q.closing || sender != q.sender, q.changed
		q.mu.Unlock()
		if last {
			return
		}
		select {
		case <-over.C:
			return
		case <-changed:
		}
	}
}

// sent settles the line that was taken last.
func (q *teamQueue) sent(sender int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if sender != q.sender {
		return
	}
	q.flying = false
	if err != nil {
		q.drop(1, err.Error())
	}
	q.change()
}

// open begins the time in which w gets the records, and the export is on or not.
func (q *teamQueue) open(w io.Writer, exported bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writer, q.exported, q.closing, q.known = w, exported, false, nil
}

// busy reports whether lines wait.
func (q *teamQueue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines) > 0 || q.flying
}

// close waits until every line is settled, for as long as ctx lasts, gives the
// others up, and tells of those that were dropped.
func (q *teamQueue) close(ctx context.Context) {
	q.mu.Lock()
	q.closing = true
	q.change()
	for q.sending && ctx.Err() == nil {
		changed := q.changed
		q.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		q.mu.Lock()
	}
	q.giveUp()
	untold := q.dropped - q.told
	q.told = q.dropped
	address := q.address
	q.writer, q.exported, q.closing = nil, false, false
	q.mu.Unlock()
	if untold > 0 {
		tellTeamDrops(untold, address, "the program ended")
	}
}

// giveUp counts what was not sent as dropped. The caller holds the lock.
func (q *teamQueue) giveUp() {
	q.dropped += int64(len(q.lines))
	if q.flying {
		q.dropped++
	}
	q.lines, q.bytes, q.sending, q.flying = nil, 0, false, false
	q.sender++
}
