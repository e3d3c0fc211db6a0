package crash_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
		var log bytes.Buffer
		crash.Keep(name, slog.New(slog.NewTextHandler(&log, nil)))()
		got := log.String()
		if strings.Contains(got, "010170") || len(got) < longest || len(got) > longest+200 {
			t.Errorf("start %d: got %d bytes, ...%s", start, len(got), got[max(0, len(got)-40):])
		}
	}
}
