package naislog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// TeamAddress is the address of Team Logs on NAIS.
const TeamAddress = "team-logs.nais-system:5170"

const (
	// teamBytes is the maximum size of the queue in bytes.
	teamBytes = 1 << 20
	// teamIdle is how long the connection stays open if there is no record to send.
	teamIdle = 30 * time.Second
	// teamTimeout is the timeout for opening the connection. It is also the timeout for
	// each write.
	teamTimeout = 5 * time.Second
)

var errNoTeam = errors.New("the program does not run on NAIS and has no writer for Team Logs (set one with setup.WithTeamLogs)")

// Team is the queue of records for Team Logs. A goroutine, the sender, sends the records. If
// no new record arrives within teamIdle, the sender ends. A Team is safe for concurrent use.
type Team struct {
	address string              // the address to which a pod sends records
	inPod   bool                // the program runs in a NAIS pod, which can use Team Logs
	fields  []byte              // the fields that every line has after the severity
	logger  func() *slog.Logger // returns the logger for reports

	mu      sync.Mutex
	lines   [][]byte
	bytes   int
	sender  int           // the ID of the current sender; senders with a lower ID were abandoned
	sending bool          // the current sender is running
	flying  bool          // the current sender is delivering a line
	changed chan struct{} // is closed and replaced to wake the goroutines in the method wait
	closing bool          // Shutdown is running; the sender no longer retries, and will end
	writer  io.Writer     // the writer of setup.WithTeamLogs, or nil

	exported  bool // records without the marker are exported over OTLP
	warned    bool // the warning about the export was logged
	delivered int64
	dropped   int64
	reported  int64 // the number of dropped records that were already reported
}

// NewTeam returns a Team that is ready for use. The method Open changes its settings. getenv
// returns environment variables. logger is called for each report, and returns the logger
// for the report.
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

// Open sets the writer that gets all records until Shutdown. If w is nil, the records go to
// Team Logs on NAIS. exported is true if records without the marker are exported over OTLP.
func (q *Team) Open(w io.Writer, exported bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writer, q.exported = w, exported
	if w != nil {
		q.warnOfExport()
	}
}

// Write adds a copy of line to the queue. If the queue is full, Write drops the
// line. Write never waits.
func (q *Team) Write(line []byte) (int, error) {
	queued := bytes.Clone(line)
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

// The method change wakes the goroutines that are in the method wait. The caller holds the
// lock.
func (q *Team) change() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// wait waits until done returns true or ctx ends. The caller holds the lock. wait releases
// the lock while it waits.
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

// drop counts n dropped lines. The first call also reports its lines. The lines of later calls
// are reported by Shutdown. The caller holds the lock.
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
		slog.String("cure", "check that accessPolicy.outbound in nais.yaml allows the application logging in the namespace nais-system (outside NAIS, use setup.WithTeamLogs)"))
}

// warnOfExport logs a warning if records without the marker are exported to a place where
// all teams can read them. It does this only once. The caller holds the lock.
func (q *Team) warnOfExport() {
	if q.exported && !q.warned {
		q.warned = true
		go q.logger().LogAttrs(context.Background(), slog.LevelWarn, "OTEL_LOGS_EXPORTER=otlp must not be used with Team Logs",
			slog.String("error", "records without the Team Logs marker are exported to a place where all teams can read them"),
			slog.String("cure", "set OTEL_LOGS_EXPORTER=none, because the platform already reads standard output"))
	}
}

// send delivers lines. It returns when no new line arrives within teamIdle, or when the
// sender must end.
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

// The method next waits for a line and removes the line from the queue. ok is false if no line
// arrives within teamIdle, or if the sender must end.
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

// isEnding reports whether the sender must end. If Shutdown is running, the sender first empties
// the queue. If the sender was abandoned, it ends immediately. The caller holds the lock.
func (q *Team) isEnding(sender int) bool { return q.closing || sender != q.sender }

// deliver writes line. If the connection fails, deliver tries again until the sender must
// end.
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

// target returns the program's writer. If there is no such writer, w is nil. last is true if
// this attempt must be the last one.
func (q *Team) target(sender int) (w io.Writer, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.writer, q.isEnding(sender)
}

// The method rest waits until the duration pause has passed or the sender must end.
func (q *Team) rest(sender int, pause time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), pause)
	defer cancel()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wait(ctx, func() bool { return q.isEnding(sender) })
}

// sent records whether the line that the method next returned last was delivered. err is the
// error of the delivery, or nil.
func (q *Team) sent(sender int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if sender != q.sender {
		return
	}
	q.flying = false
	if err != nil {
		q.drop(1, err.Error())
	} else {
		q.delivered++
	}
	q.change()
}

// Delivered returns the number of records that were delivered.
func (q *Team) Delivered() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.delivered
}

// Drain waits until no line is waiting, and none is just being delivered, or until ctx ends.
func (q *Team) Drain(ctx context.Context) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wait(ctx, func() bool { return len(q.lines) == 0 && !q.flying })
}

// IsBusy reports whether a line is waiting, or is just being delivered.
func (q *Team) IsBusy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines) > 0 || q.flying
}

// ForceFlush does nothing, because the sender delivers each line as soon as it can.
func (*Team) ForceFlush(context.Context) error { return nil }

// Shutdown waits until every line is delivered or dropped. When ctx ends, Shutdown drops the
// remaining lines. Then Shutdown reports all dropped lines that were not reported before. It
// always returns nil. After Shutdown, the Team can be used again.
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

// giveUp counts all lines that were not delivered as dropped, and abandons the sender. The
// caller holds the lock.
func (q *Team) giveUp() {
	q.dropped += int64(len(q.lines))
	if q.flying {
		q.dropped++
	}
	q.lines, q.bytes, q.sending, q.flying = nil, 0, false, false
	q.sender++
}
