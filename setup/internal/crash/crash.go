// Package crash stores the text that the Go runtime prints when a process crashes, so that
// the next process can log it.
package crash

import (
	"context"
	"io"
	"log/slog"
	"runtime/debug"
)

// Limits for the text of a crash, in bytes.
const (
	// fileBytes is how much of the crash file is read. A panic with a long message comes
	// before its stack in the file, so this is more than what is logged.
	fileBytes = 1 << 20
	// stackBytes is the maximum length of the field stack_trace. It is enough for the
	// goroutine that crashed, and for some of the other goroutines.
	stackBytes = 64 << 10
	// causeBytes is the maximum length of the field error. If the cause is longer,
	// stack_trace begins after it.
	causeBytes = 16 << 10
)

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
	text, err := io.ReadAll(io.LimitReader(f, fileBytes))
	if err != nil || len(text) == 0 {
		return err
	}
	logger.LogAttrs(context.Background(), slog.LevelError, "the previous process crashed", parse(string(text)).attrs()...)
	return nil
}
