package export

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/nais/spor/internal/clean"
)

// Trouble logs the errors that the OpenTelemetry SDK and other instrumentation report. They
// report an error to the SDK's error handler or in the SDK's internal log. Trouble ignores
// all entries of the internal log that are not errors. While Quiet is true, Trouble logs
// nothing. Quiet is true while the SDK reads the environment, because package environ has
// already checked the environment. While Ending is true, Trouble ignores the errors of what a
// shutdown cancels.
type Trouble struct {
	Logger func() *slog.Logger
	Quiet  atomic.Bool
	Ending atomic.Bool

	held atomic.Int64

	mu   sync.Mutex
	last time.Time
}

// Handle implements otel.ErrorHandler.
func (t *Trouble) Handle(err error) {
	if err == nil || t.Ending.Load() && errors.Is(err, context.Canceled) || !t.due() {
		return
	}
	attrs := []slog.Attr{slog.String("error", clean.Foreign(err.Error()))}
	if held := t.held.Swap(0); held > 0 {
		attrs = append(attrs, slog.Int64("errors_not_shown", held))
	}
	t.Logger().LogAttrs(context.Background(), slog.LevelWarn, "OpenTelemetry reports an error", attrs...)
}

// due reports whether a line may be written now. It counts the errors that are not logged.
func (t *Trouble) due() bool {
	if t.Quiet.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.last.IsZero() && time.Since(t.last) < reportInterval {
		t.held.Add(1)
		return false
	}
	t.last = time.Now()
	return true
}

// Sink returns the sink for the SDK's internal log.
func (t *Trouble) Sink() logr.LogSink { return logSink{t} }

// logSink passes only errors to its Trouble.
type logSink struct{ trouble *Trouble }

func (logSink) Init(logr.RuntimeInfo)                 {}
func (logSink) Enabled(int) bool                      { return false }
func (logSink) Info(int, string, ...any)              {}
func (s logSink) WithValues(...any) logr.LogSink      { return s }
func (s logSink) WithName(string) logr.LogSink        { return s }
func (s logSink) Error(err error, _ string, _ ...any) { s.trouble.Handle(err) }
