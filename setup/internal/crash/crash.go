// Package crash keeps what the Go runtime prints when a process dies, for the next process
// to log.
package crash

import (
	"context"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/nais/spor/internal/clean"
)

// crashBytes is how much of a crash is logged: the panic and the first
// goroutines, which tell what happened, fit in a log line.
const crashBytes = 64 << 10

// Keep logs the crash that the process before this one left in the file of that name, and
// lets the runtime write this one's.
func Keep(name string, logger *slog.Logger) (stop func()) {
	if err := keep(name, logger); err != nil {
		logger.LogAttrs(context.Background(), slog.LevelWarn, "a crash would not be kept", slog.String("error", err.Error()))
		return func() {}
	}
	return func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) }
}

func keep(name string, logger *slog.Logger) error {
	f, err := openFile(name)
	if err != nil {
		return err
	}
	defer f.Close() // the runtime keeps a duplicate
	if err := logCrash(f, logger); err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// logCrash writes one line for the crash in f, if there is one.
func logCrash(f io.Reader, logger *slog.Logger) error {
	text, err := io.ReadAll(io.LimitReader(f, crashBytes))
	if err != nil || len(text) == 0 {
		return err
	}
	crash := clean.Text(string(text))
	logger.LogAttrs(context.Background(), slog.LevelError, "the process before this one crashed",
		slog.String("error", crashCause(crash)),
		slog.String("stack_trace", crash))
	return nil
}

// crashCause returns the line that says why. The runtime keeps that of a panic,
// but not that of its own fatal errors.
func crashCause(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.HasPrefix(first, "goroutine ") {
		return "fatal error: see the first function of stack_trace"
	}
	return first
}
