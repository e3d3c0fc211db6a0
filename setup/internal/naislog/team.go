package naislog

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// TeamAddress is where Team Logs listens on NAIS.
const TeamAddress = "team-logs.nais-system:5170"

const (
	// teamBytes is how much of Team Logs waits.
	teamBytes = 1 << 20
	// teamIdle is how long the connection is kept without a record.
	teamIdle = 30 * time.Second
	// teamTimeout is how long connecting and one write may take.
	teamTimeout = 5 * time.Second
)

var errNoTeam = errors.New("the program does not run on NAIS, and has no writer for them (setup.WithTeamLogs)")

// Team is a queue of the records on their way to Team Logs. A goroutine sends them,
// while there are any. It is safe for concurrent use.
type Team struct {
	address string              // where a pod's go
	inPod   bool                // this is a NAIS pod, which has Team Logs
	fields  []byte              // of every line
	logger  func() *slog.Logger // for reports

	mu      sync.Mutex
	lines   [][]byte
	bytes   int
	sender  int           // the number of the last one; others have been given up
	sending bool          // that one is at it
	flying  bool          // and has a line
	changed chan struct{} // closed and replaced when a line comes or goes
	closing bool          // do not keep the connection, do not try again
	writer  io.Writer     // that of WithTeamLogs

	exported bool  // OTLP logs are on
	warned   bool  // of that
	dropped  int64 // all of them
	reported int64 // those in reports
}

// NewTeam returns a Team that is ready for use, and that Open changes. getenv reads the
// variables of the environment; logger returns the logger for reports, each time there
// is one.
func NewTeam(address string, getenv func(string) string, logger func() *slog.Logger) *Team {
	text := func(variable string) string { return strings.TrimSpace(getenv(variable)) }
	return &Team{
		address: address,
		inPod:   text("NAIS_CLUSTER_NAME") != "",
		fields:  teamFields(text),
		logger:  logger,
		changed: make(chan struct{}),
	}
}

// Open begins the time until Shutdown, in which w gets the records unless it is nil.
// exported is whether records without the mark are exported over OTLP.
func (q *Team) Open(w io.Writer, exported bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writer, q.exported = w, exported
	if w != nil {
		q.warnOfExport()
	}
}

// Write queues a line of slog's handler, if there is room. It never waits.
func (q *Team) Write(line []byte) (int, error) {
	queued := teamLine(q.fields, line)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.warnOfExport()
	if q.bytes+len(queued) > teamBytes {
		q.drop(1, "the queue is full")
		return len(line), nil
	}
	q.lines = append(q.lines, queued)
	q.bytes += len(queued)
	q.change()
	if !q.sending {
		q.sending = true
		q.sender++
		go q.send(q.sender)
	}
	return len(line), nil
}

// change wakes those who wait. The caller holds the lock.
func (q *Team) change() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// wait waits until done returns true, or until ctx ends. The caller holds the lock,
// which is free while it waits.
func (q *Team) wait(ctx context.Context, done func() bool) {
	for !done() && ctx.Err() == nil {
		changed := q.changed
		q.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		q.mu.Lock()
	}
}

// drop counts lines, and reports the first. The caller holds the lock.
func (q *Team) drop(n int64, why string) {
	first := q.dropped == 0
	if q.dropped += n; first {
		q.reported = q.dropped
		go q.report(q.dropped, why)
	}
}

func (q *Team) report(dropped int64, why string) {
	q.logger().LogAttrs(context.Background(), slog.LevelWarn, "records for Team Logs were dropped",
		slog.Int64("records", dropped), slog.String("error", why), slog.String("endpoint", q.address),
		slog.String("cure", "does accessPolicy.outbound of nais.yaml allow application logging in namespace nais-system? (elsewhere: setup.WithTeamLogs)"))
}

// warnOfExport warns once that records without the mark go where every team reads. The
// caller holds the lock.
func (q *Team) warnOfExport() {
	if q.exported && !q.warned {
		q.warned = true
		go q.logger().LogAttrs(context.Background(), slog.LevelWarn, "OTEL_LOGS_EXPORTER=otlp must not be used with Team Logs",
			slog.String("error", "every record without the mark is exported to where all teams can read"),
			slog.String("cure", "set OTEL_LOGS_EXPORTER=none: the platform reads standard output already"))
	}
}

// send writes lines until there are none for a while.
func (q *Team) send(sender int) {
	out := connection{address: q.address}
	defer out.close()
	for {
		line, ok := q.next(sender)
		if !ok {
			return
		}
		q.sent(sender, q.deliver(sender, &out, line))
	}
}

// next takes the first line once there is one. It reports false when there was none
// for teamIdle, or when the sender is to end.
func (q *Team) next(sender int) (line []byte, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), teamIdle)
	defer cancel()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wait(ctx, func() bool { return len(q.lines) > 0 || q.isEnding(sender) })
	switch {
	case sender != q.sender:
		return nil, false
	case len(q.lines) == 0:
		q.sending = false
		q.change()
		return nil, false
	}
	line = q.lines[0]
	q.lines, q.bytes, q.flying = q.lines[1:], q.bytes-len(line), true
	return line, true
}

// isEnding reports whether the sender is to end once it has no line. The caller holds
// the lock.
func (q *Team) isEnding(sender int) bool { return q.closing || sender != q.sender }

// deliver writes line, and tries again until the sender is to end.
func (q *Team) deliver(sender int, out *connection, line []byte) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		w, last := q.target(sender)
		switch {
		case w != nil:
			return write(w, line)
		case !q.inPod:
			return errNoTeam
		}
		if err := write(out, line); err == nil || last {
			return err
		}
		q.rest(sender, pause)
	}
}

// target returns the program's writer, if it has one, and whether this is the last try.
func (q *Team) target(sender int) (w io.Writer, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.writer, q.isEnding(sender)
}

// rest waits, but not for long once the sender is to end.
func (q *Team) rest(sender int, pause time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), pause)
	defer cancel()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wait(ctx, func() bool { return q.isEnding(sender) })
}

// sent finishes the line that was taken last.
func (q *Team) sent(sender int, err error) {
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

// IsBusy reports whether lines wait.
func (q *Team) IsBusy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines) > 0 || q.flying
}

// ForceFlush does nothing, because lines do not wait for one another.
func (*Team) ForceFlush(context.Context) error { return nil }

// Shutdown waits until every line is delivered or dropped, or until ctx ends, which
// drops the others. It reports what was dropped. The Team can be used again.
func (q *Team) Shutdown(ctx context.Context) error {
	q.mu.Lock()
	q.closing = true
	q.change()
	q.wait(ctx, func() bool { return !q.sending })
	q.giveUp()
	dropped := q.dropped - q.reported
	q.reported = q.dropped
	q.writer, q.exported, q.closing = nil, false, false
	q.mu.Unlock()
	if dropped > 0 {
		q.report(dropped, "the program ended")
	}
	return nil
}

// giveUp counts what was not sent as dropped. The caller holds the lock.
func (q *Team) giveUp() {
	q.dropped += int64(len(q.lines))
	if q.flying {
		q.dropped++
	}
	q.lines, q.bytes, q.sending, q.flying = nil, 0, false, false
	q.sender++
}
