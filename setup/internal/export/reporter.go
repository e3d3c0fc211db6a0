// Package export reports and translates on the way to the collector: what every exporter
// of setup does beside sending.
package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
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

// A Reporter reports the exporters' trouble, for all signals at most one
// line a minute, never from the request path.
type Reporter struct {
	Logger      func() *slog.Logger
	Spans       spanstats.Stats
	Records     spanstats.Stats   // of log records
	SpansGoTo   *environ.Endpoint // nil: nowhere
	RecordsGoTo *environ.Endpoint

	mu       sync.Mutex
	held     bool // only remember: it will all be said at once
	last     time.Time
	reported bool
	reached  bool             // a collector has answered
	down     map[string]bool  // the signals of which the last export reached none
	failures map[string]int64 // by signal
	failure  *failure         // the last one, while that signal has not got through again
	warning  warning          // the collector's last
	lost     int64            // spans and log records that were reported as dropped
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

// failed reports that the collector could not be given something.
func (r *Reporter) failed(signal string, e *environ.Endpoint, err error) {
	r.mu.Lock()
	r.failure = &failure{signal, e, err}
	r.mu.Unlock()
	r.Report(true)
}

// count counts an export that was given up.
func (r *Reporter) count(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == nil {
		r.failures = map[string]int64{}
	}
	r.failures[signal]++
}

// failureCounts returns how many exports were given up, by signal.
func (r *Reporter) failureCounts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.failures)
}

// answered notes that the collector takes the signal.
func (r *Reporter) answered(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = true
	delete(r.down, signal)
	if r.failure != nil && r.failure.signal == signal {
		r.failure = nil
	}
}

// met notes that there is a collector for the signal, whatever it answers.
func (r *Reporter) met(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = true
	delete(r.down, signal)
}

// missed reports that there is no collector for the signal.
func (r *Reporter) missed(signal string, e *environ.Endpoint, err error) {
	r.mu.Lock()
	if r.down == nil {
		r.down = map[string]bool{}
	}
	r.down[signal] = true
	r.mu.Unlock()
	r.failed(signal, e, err)
}

// HasReached reports whether any collector has answered.
func (r *Reporter) HasReached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reached
}

// warned reports what the collector had to say about what it took, at most once per
// minute, and only if it differs from the last report.
func (r *Reporter) warned(signal string, e *environ.Endpoint, message string) {
	attrs := r.dueWarning(message)
	if attrs == nil {
		return
	}
	r.Logger().LogAttrs(context.Background(), slog.LevelWarn, "the collector has a warning",
		append(attrs, slog.String("signal", signal), slog.String("endpoint", e.URL))...)
}

func (r *Reporter) dueWarning(message string) []slog.Attr {
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

// Hold keeps the reporter silent until release, which says everything in one
// line, and what was lost meanwhile in any case.
func (r *Reporter) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = true
}

// Release ends what Hold began.
func (r *Reporter) Release() {
	r.mu.Lock()
	r.held = false
	failed := r.failure != nil
	_, spans := r.Spans.Drops()
	if _, records := r.Records.Drops(); spans+records > r.lost {
		r.reported = false // nothing is told after this
	}
	r.mu.Unlock()
	r.Report(failed)
}

// Report writes a line if one is due and there is something to tell: a failure,
// or spans or log records dropped since the last line.
func (r *Reporter) Report(failed bool) {
	if attrs := r.due(failed); attrs != nil {
		r.Logger().LogAttrs(context.Background(), slog.LevelWarn, "telemetry could not be exported", attrs...)
	}
}

// due takes the decision under the lock; the line itself is written outside of
// it, since the program's handler may come back here.
func (r *Reporter) due(failed bool) []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	spans, lostSpans := r.Spans.Drops()
	records, lostRecords := r.Records.Drops()
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
		attrs = append(attrs, slog.String("signal", "traces"), slog.String("endpoint", r.SpansGoTo.URL))
	case lostRecords > 0:
		attrs = append(attrs, slog.String("signal", "logs"), slog.String("endpoint", r.RecordsGoTo.URL))
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

func (r *Reporter) interval() time.Duration {
	if r.unreachedPlatform() {
		return unreachedInterval
	}
	return reportInterval
}

// Unreachable reports whether a signal's last export reached no collector, or
// the platform's default endpoint was tried and never answered.
func (r *Reporter) Unreachable(signal string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down[signal] || r.unreachedPlatform()
}

func (r *Reporter) unreachedPlatform() bool {
	return r.failure != nil && r.failure.endpoint.Platform && !r.reached
}

// Lost returns an error if not every span and every log record was delivered.
func (r *Reporter) Lost() error {
	return errors.Join(lostOf("spans", &r.Spans, r.SpansGoTo), lostOf("log records", &r.Records, r.RecordsGoTo))
}

func lostOf(items string, l *spanstats.Stats, e *environ.Endpoint) error {
	drops, all := l.Drops()
	if all == 0 {
		return nil
	}
	return fmt.Errorf("setup: %d of %d %s were not delivered to %s: %s",
		all, all+l.Delivered(), items, e.URL, spanstats.Describe(drops))
}
