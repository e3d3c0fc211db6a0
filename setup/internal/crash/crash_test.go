package crash_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/internal/crash"
)

// TestCutCrashIsMaskedFirst puts a personal number at every place around the maximum length of a
// crash text.
func TestCutCrashIsMaskedFirst(t *testing.T) {
	const longest = 64 << 10
	name := filepath.Join(t.TempDir(), "crash.log")
	for start := longest - 12; start <= longest; start++ {
		text := "panic: x\n" + strings.Repeat("x", start-10) + " 01017012345 " + strings.Repeat("y", 2000)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(nextStart(name), "stack_trace")
		if strings.Contains(got, "010170") || len(got) < longest || len(got) > longest+200 {
			t.Errorf("start %d: got %d bytes, ...%s", start, len(got), got[max(0, len(got)-40):])
		}
	}
}

// nextStart does what the next process does, and returns the log.
func nextStart(file string) string {
	var log bytes.Buffer
	crash.Keep(file, slog.New(setup.LogHandler(&log, nil)))()
	return log.String()
}

// keep is like nextStart. It returns the fields of the line, or nil if there is none.
func keep(t *testing.T, file string) map[string]any {
	t.Helper()
	lines := oteltest.ParseLines(t, nextStart(file))
	if len(lines) > 1 {
		t.Fatalf("got %d lines, want one", len(lines))
	}
	if len(lines) == 0 {
		return nil
	}
	return lines[0]
}

// keepText is like keep. text is the content of the crash file.
func keepText(t *testing.T, text string) map[string]any {
	t.Helper()
	file := filepath.Join(t.TempDir(), "crash.log")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return keep(t, file)
}

func field(line map[string]any, key string) string {
	text, _ := line[key].(string)
	return text
}
