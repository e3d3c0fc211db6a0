// Package export exports the log records and the metrics of package setup. Package pipeline
// exports the spans. For all signals, package export reports export problems. Before
// telemetry is sent to the collector, it also cleans the telemetry and adds older attribute
// names.
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
	// unreachedInterval is used instead of reportInterval if the platform's default
	// endpoint has never answered. It is possible that telemetry is not enabled for the
	// pod.
	unreachedInterval = time.Hour
)

// A Reporter logs export problems. It writes at most one line per minute for all signals
// together. It never writes a line while the program handles a request.
type Reporter struct {
	Logger  func() *slog.Logger
	Spans   spanstats.Stats
	Records spanstats.Stats // counts of log records
	Points  spanstats.Stats // counts of metric data points
	// The endpoints are nil if the signal is not exported.
	SpansGoTo, RecordsGoTo, PointsGoTo *environ.Endpoint

	mu       sync.Mutex
	held     bool // no lines are logged until Release is called
	last     time.Time
	reported bool
	reached  bool                          // a collector has answered
	down     map[string]bool               // the signals whose last export reached no collector
	failures map[string]int64              // number of failed exports by signal
	failure  *failure                      // last failure; nil if a later export of the same signal succeeded
	warning  warning                       // the last warning from the collector
	contacts map[string]*collector.Contact // by signal
	lost     int64                         // number of dropped items that were already reported
}

// warning is a warning from the collector about an export that the collector accepted.
type warning struct {
	text string
	last time.Time
	held int64 // number of later warnings that were not logged
}

type failure struct {
	signal   string
	endpoint *environ.Endpoint
	err      error
}

// The method failed records that an export failed, and logs a line if a line is due.
func (r *Reporter) failed(signal string, e *environ.Endpoint, err error) {
	r.mu.Lock()
	r.failure = &failure{signal, e, err}
	r.mu.Unlock()
	r.Report(true)
}

// count adds one to the number of exports that were given up.
func (r *Reporter) count(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == nil {
		r.failures = map[string]int64{}
	}
	r.failures[signal]++
}

func (r *Reporter) failureCounts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.failures)
}

// The method answered records that the collector accepted an export of the signal.
func (r *Reporter) answered(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = true
	delete(r.down, signal)
	if r.failure != nil && r.failure.signal == signal {
		r.failure = nil
	}
}

// The method met records that a collector answered an export of the signal. The answer may
// be an error.
func (r *Reporter) met(signal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = true
	delete(r.down, signal)
}

// The method missed records that an export of the signal reached no collector, and logs a
// line if a line is due.
func (r *Reporter) missed(signal string, e *environ.Endpoint, err error) {
	r.mu.Lock()
	if r.down == nil {
		r.down = map[string]bool{}
	}
	r.down[signal] = true
	r.mu.Unlock()
	r.failed(signal, e, err)
}

// HasReached reports whether a collector has answered an export of any signal.
func (r *Reporter) HasReached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reached
}

// The method warned logs a warning from the collector about an export that the collector
// accepted. It logs at most one warning per minute. It does not log a warning whose text
// is the same as the text of the last logged warning.
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

// Hold makes sure that Report logs nothing until Release is called.
func (r *Reporter) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = true
}

// Release ends the effect of Hold. It logs one line if an export failed in the meantime and
// a line is due. If data was dropped since the last line, it always logs a line.
func (r *Reporter) Release() {
	r.mu.Lock()
	r.held = false
	failed := r.failure != nil
	if r.dropped() > r.lost {
		r.reported = false // without this, no line would report the drops
	}
	r.mu.Unlock()
	r.Report(failed)
}

// Report writes a line if a line is due and there is a problem to report. There is a
// problem if failed is true, or if items were dropped since the last line.
func (r *Reporter) Report(failed bool) {
	if attrs := r.due(failed); attrs != nil {
		r.Logger().LogAttrs(context.Background(), slog.LevelWarn, "telemetry could not be exported", attrs...)
	}
}

// The method due returns the attributes of the line, or nil if no line is due. due holds
// the lock, but Report does not hold the lock when it logs the line, because the program's
// log handler may call the Reporter.
func (r *Reporter) due(failed bool) []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	lost := r.dropped()
	if r.held || r.reported && time.Since(r.last) < r.interval() || !failed && lost == r.lost {
		return nil
	}
	r.last, r.reported, r.lost = time.Now(), true, lost
	var attrs []slog.Attr
	if r.failure != nil {
		attrs = append(attrs, slog.String("signal", r.failure.signal), slog.String("endpoint", r.failure.endpoint.URL))
	}
	for _, a := range r.accounts() {
		drops, dropped := a.stats.Drops()
		if dropped == 0 {
			continue
		}
		if len(attrs) == 0 {
			attrs = append(attrs, slog.String("signal", a.signal), slog.String("endpoint", a.endpoint.URL))
		}
		attrs = append(attrs, slog.String(a.field, spanstats.Describe(drops)))
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

// Unreachable reports whether the last export of the signal reached no collector, and there is
// no hope that a collector can be reached soon.
func (r *Reporter) Unreachable(signal string) bool {
	r.mu.Lock()
	down := r.down[signal] || r.unreachedPlatform()
	r.mu.Unlock()
	return down && !r.wasReachable(signal)
}

// wasReachable reports whether there is a connection for the signal, or was one in the last 30
// seconds, or whether the first attempt was made in the last 30 seconds. It returns false if the
// platform's default endpoint was tried and has never answered.
func (r *Reporter) wasReachable(signal string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	contact := r.contacts[signal]
	return contact != nil && contact.Within(recently) && !r.unreachedPlatform()
}

// contactOf returns the Contact of the signal.
func (r *Reporter) contactOf(signal string) *collector.Contact {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.contacts == nil {
		r.contacts = map[string]*collector.Contact{}
	}
	c := new(collector.Contact)
	r.contacts[signal] = c
	return c
}

func (r *Reporter) unreachedPlatform() bool {
	return r.failure != nil && r.failure.endpoint.Platform && !r.reached
}

// Lost returns an error if any item was dropped.
func (r *Reporter) Lost() error {
	var problems []error
	for _, a := range r.accounts() {
		if drops, dropped := a.stats.Drops(); dropped > 0 {
			problems = append(problems, fmt.Errorf("setup: %s %s were not delivered to %s: %s",
				a.share(dropped), a.items, a.endpoint.URL, spanstats.Describe(drops)))
		}
	}
	return errors.Join(problems...)
}
