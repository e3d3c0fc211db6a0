package setup

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"sync"
	"time"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/collector"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	reportInterval = time.Minute
	// unreachedInterval is for the platform's default endpoint that never
	// answered: the pod may simply not have telemetry enabled.
	unreachedInterval = time.Hour
)

// reporter tells people of the exporters' trouble, for all signals at most one
// line a minute, never from the request path.
type reporter struct {
	stats   *spanstats.Stats // of spans
	records *spanstats.Stats // of log records

	mu       sync.Mutex
	held     bool // only remember: it will all be said at once
	last     time.Time
	reported bool
	reached  bool             // a collector has answered
	down     map[string]bool  // the signals of which the last export reached none
	failures map[string]int64 // by signal
	failure  *failure         // the last one, while that signal has not got through again
	warning  warning          // the collector's last
	spans    *environ.Endpoint
	logs     *environ.Endpoint
	lost     int64 // spans and log records that were reported as dropped
}

// warning is what the collector had to say about something that it took.
type warning struct {
	text string // as it was reported
	last time.Time
	held int64 // how many were not reported since then
}

// failure is what went wrong with an export.
type failure struct {
	signal   string
	endpoint *environ.Endpoint
	err      error
}

// standardHandler is what slog.Default has until the program sets its own.
var standardHandler = slog.Default().Handler()

// logger returns the program's own logger, or, when it has none, one that writes
// the JSON that NAIS reads to standard error.
func logger() *slog.Logger {
	if program := slog.Default(); program.Handler() != standardHandler {
		return program
	}
	return slog.New(LogHandler(os.Stderr, nil))
}

// failed reports that the collector could not be given something.
func (r *reporter) failed(signal string, e *environ.Endpoint, err error) {
	r.mu.Lock()
	r.failure = &failure{signal, e, err}
	r.mu.Unlock()
	r.report(true)
}

// count counts an export that was given up.
func (r *reporter) count(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == nil {
		r.failures = map[string]int64{}
	}
	r.failures[signal]++
}

// failureCounts returns how many exports were given up, by signal.
func (r *reporter) failureCounts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.failures)
}

// answered notes that the collector takes the signal.
func (r *reporter) answered(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = true
	delete(r.down, signal)
	if r.failure != nil && r.failure.signal == signal {
		r.failure = nil
	}
}

// met notes that there is a collector for the signal, whatever it answers.
func (r *reporter) met(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = true
	delete(r.down, signal)
}

// missed reports that there is no collector for the signal.
func (r *reporter) missed(signal string, e *environ.Endpoint, err error) {
	r.mu.Lock()
	if r.down == nil {
		r.down = map[string]bool{}
	}
	r.down[signal] = true
	r.mu.Unlock()
	r.failed(signal, e, err)
}

// hasReached reports whether any collector has answered.
func (r *reporter) hasReached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reached
}

// warned reports what the collector had to say about what it took, at most once per
// minute, and only if it differs from the last report.
func (r *reporter) warned(signal string, e *environ.Endpoint, message string) {
	attrs := r.dueWarning(message)
	if attrs == nil {
		return
	}
	logger().LogAttrs(context.Background(), slog.LevelWarn, "the collector has a warning",
		append(attrs, slog.String("signal", signal), slog.String("endpoint", e.URL))...)
}

func (r *reporter) dueWarning(message string) []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &r.warning
	if !w.last.IsZero() && time.Since(w.last) < reportInterval {
		w.held++
		return nil
	}
	text := clean.Foreign(message)
	if text == w.text {
		return nil
	}
	attrs := []slog.Attr{slog.String("warning", text)}
	if w.held > 0 {
		attrs = append(attrs, slog.Int64("warnings_not_shown", w.held))
	}
	*w = warning{text: text, last: time.Now()}
	return attrs
}

// hold keeps the reporter silent until release, which says everything in one
// line, and what was lost meanwhile in any case.
func (r *reporter) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = true
}

func (r *reporter) release() {
	r.mu.Lock()
	r.held = false
	failed := r.failure != nil
	_, spans := r.stats.Drops()
	if _, records := r.records.Drops(); spans+records > r.lost {
		r.reported = false // nothing is told after this
	}
	r.mu.Unlock()
	r.report(failed)
}

// report writes a line if one is due and there is something to tell: a failure,
// or spans or log records dropped since the last line.
func (r *reporter) report(failed bool) {
	if attrs := r.due(failed); attrs != nil {
		logger().LogAttrs(context.Background(), slog.LevelWarn, "telemetry could not be exported", attrs...)
	}
}

// due takes the decision under the lock; the line itself is written outside of
// it, since the program's handler may come back here.
func (r *reporter) due(failed bool) []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	spans, lostSpans := r.stats.Drops()
	records, lostRecords := r.records.Drops()
	lost := lostSpans + lostRecords
	if r.held || r.reported && time.Since(r.last) < r.interval() || !failed && lost == r.lost {
		return nil
	}
	r.last, r.reported, r.lost = time.Now(), true, lost
	var attrs []slog.Attr
	switch {
	case r.failure != nil:
		attrs = append(attrs, slog.String("signal", r.failure.signal), slog.String("endpoint", r.failure.endpoint.URL))
	case lostSpans > 0:
		attrs = append(attrs, slog.String("signal", "traces"), slog.String("endpoint", r.spans.URL))
	case lostRecords > 0:
		attrs = append(attrs, slog.String("signal", "logs"), slog.String("endpoint", r.logs.URL))
	}
	if lostSpans > 0 {
		attrs = append(attrs, slog.String("spans_dropped", spanstats.Describe(spans)))
	}
	if lostRecords > 0 {
		attrs = append(attrs, slog.String("log_records_dropped", spanstats.Describe(records)))
	}
	if f := r.failure; f != nil {
		attrs = append(attrs, slog.String("error", clean.Foreign(f.err.Error())), slog.String("cure", collector.Cure(f.err, f.endpoint)))
	}
	return attrs
}

func (r *reporter) interval() time.Duration {
	if r.unreachedPlatform() {
		return unreachedInterval
	}
	return reportInterval
}

// unreachable reports whether a signal's last export reached no collector, or
// the platform's default endpoint was tried and never answered.
func (r *reporter) unreachable(signal string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down[signal] || r.unreachedPlatform()
}

func (r *reporter) unreachedPlatform() bool {
	return r.failure != nil && r.failure.endpoint.Platform && !r.reached
}
