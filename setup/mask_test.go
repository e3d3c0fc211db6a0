package setup_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func init() {
	// The program "plain" sets a default logger that does not mask anything.
	programs["plain"] = func() int {
		slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
		return run(func(context.Context) error {
			if os.Getenv("CHILD_EXIT") == "error" {
				return errors.New("no person 01017012345")
			}
			panic("no person 01017012345")
		}, crashFile()...)
	}
}

func TestRunMasksWhatItLogsToAnyLogger(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crash.log")
	for _, exit := range []string{"error", "panic", "crash before"} {
		if exit == "crash before" {
			if err := os.WriteFile(file, []byte("panic: no person 01017012345\n\ngoroutine 1 [running]:\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, _, stderr := finish(t, command(t, "plain", "CHILD_EXIT", exit, "CHILD_CRASH_FILE", file))
		if strings.Contains(stderr, "01017012345") || !strings.Contains(stderr, "***********") {
			t.Errorf("%s: got %.300s", exit, stderr)
		}
	}
}
