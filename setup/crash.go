package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// crashBytes is how much of a crash is logged: the panic and the first
// goroutines, which tell what happened, fit in a log line.
const crashBytes = 64 << 10

// keepCrashes logs the crash that the process before this one left, and lets the
// runtime write this one's. Without a file it does nothing.
func keepCrashes(env *environment, c *config) (stop func()) {
	file := c.crashFile
	if file == "" && onPlatform(env) {
		file = filepath.Join(os.TempDir(), "spor-crash-"+fileName(env.text("NAIS_APP_NAME"))+".log")
	}
	if file == "" {
		return func() {}
	}
	err := logCrash(file)
	if err == nil {
		err = setCrashOutput(file)
	}
	if err != nil {
		logger().LogAttrs(context.Background(), slog.LevelWarn, "a crash would not be kept", slog.String("error", err.Error()))
		return func() {}
	}
	return func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) }
}

func setCrashOutput(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() // the runtime keeps a duplicate
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// logCrash writes one line for the crash in file, if there is one. A link is
// left alone: the folder may be one that others write to.
func logCrash(file string) error {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file (remove it, or choose another with setup.WithCrashFile)", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, crashBytes))
	if err != nil || len(text) == 0 {
		return err
	}
	crash := cleanText(string(text))
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

// fileName returns name without what does not belong in a file's name.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, name)
}
