// Package crash stores the text that the Go runtime prints when a process crashes, so that
// the next process can log it.
package crash

import (
	"context"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/privacy"
)

// crashBytes is the maximum number of bytes of a crash text that are logged. A log line can
// contain that many bytes. They are enough for the panic and the first goroutines, which
// show the cause of the crash.
const crashBytes = 64 << 10

// Keep logs the crash of the previous process, if the file with this name contains one.
// After that, if this process crashes, the runtime writes the crash text to the same file.
// The function stop turns this off.
func Keep(name string, logger *slog.Logger) (stop func()) {
	if err := keep(name, logger); err != nil {
		logger.LogAttrs(context.Background(), slog.LevelWarn, "a crash of this process would not be logged at the next start", slog.String("error", err.Error()))
		return func() {}
	}
	return func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) }
}

func keep(name string, logger *slog.Logger) error {
	f, err := openFile(name)
	if err != nil {
		return err
	}
	defer f.Close() // the runtime has its own duplicate of the file descriptor
	if err := logCrash(f, logger); err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

func logCrash(f io.Reader, logger *slog.Logger) error {
	text, err := io.ReadAll(io.LimitReader(f, crashBytes+privacy.Margin))
	if err != nil || len(text) == 0 {
		return err
	}
	crash := clean.Text(privacy.CutBytes(string(text), crashBytes))
	logger.LogAttrs(context.Background(), slog.LevelError, "the previous process crashed",
		slog.String("error", crashCause(crash)),
		slog.String("stack_trace", crash))
	return nil
}

// crashCause returns the cause of a crash. text is the crash text of the runtime. For a
// panic, the first line of text is the cause. For a fatal error of the runtime itself, the
// crash text has no such line, and crashCause returns a hint where to find the cause.
func crashCause(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.HasPrefix(first, "goroutine ") {
		return "fatal error: see the first function of stack_trace"
	}
	return first
}
