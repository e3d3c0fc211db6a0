package setup

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
)

// crashBytes is how much of a crash is logged: the panic and the first
// goroutines, which tell what happened, fit in a log line.
const crashBytes = 64 << 10

// keepCrashes logs the crash that the process before this one left, and lets the
// runtime write this one's. Without a file it does nothing.
func keepCrashes(env *environ.Environment, c *config) (stop func()) {
	name := c.crashFile
	if name == "" && env.OnPlatform() {
		name = crashFileIn(os.TempDir(), env.Text("NAIS_APP_NAME"))
	}
	if name == "" {
		return func() {}
	}
	if err := keepCrash(name); err != nil {
		logger().LogAttrs(context.Background(), slog.LevelWarn, "a crash would not be kept", slog.String("error", err.Error()))
		return func() {}
	}
	return func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) }
}

func keepCrash(name string) error {
	f, err := openCrashFile(name)
	if err != nil {
		return err
	}
	defer f.Close() // the runtime keeps a duplicate
	if err := logCrash(f); err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// logCrash writes one line for the crash in f, if there is one.
func logCrash(f io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(f, crashBytes))
	if err != nil || len(text) == 0 {
		return err
	}
	crash := clean.Text(string(text))
	logger().LogAttrs(context.Background(), slog.LevelError, "the process before this one crashed",
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
