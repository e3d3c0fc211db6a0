//go:build unix

package main_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	main "github.com/nais/spor/cmd/spor"
)

func TestRunsAreKept(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	if got := finish(t, spor(t, "view")); got.code != 0 || got.stdout != "no runs are kept (spor run -- COMMAND makes one)\n" {
		t.Errorf("without runs: %+v", got)
	}
	finish(t, spor(t, running("traces", "--name", "team/orders")...))
	finish(t, spor(t, running("output", "--name", "stock")...))
	finish(t, spor(t, running("output", "--name", "forgotten", "--forget")...))
	finish(t, spor(t, checking("once", "--name", "checked")...))
	got := finish(t, spor(t, "view"))
	lines := strings.Split(got.stdout, "\n")
	if got.code != 0 || len(lines) != 4 || !strings.HasPrefix(lines[0], "  1  ") || !strings.HasSuffix(lines[0], "  stock") || !strings.HasSuffix(lines[1], "  team_orders") {
		t.Errorf("got %+v", got)
	}
	err := filepath.WalkDir(filepath.Join(cache, "spor", "runs"), func(name string, e fs.DirEntry, err error) error {
		info, _ := e.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v", name, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	stderr := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := spor(t, "view", "--ui", "127.0.0.1:0", "2")
	cmd.Stderr = file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := body(t, said(t, stderr)+"api/traces"); !strings.Contains(got, `"found":2`) {
		t.Errorf("traces: %s", got)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
}

// TestRunsAreBounded has too many runs, and too large ones.
func TestRunsAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		runs  int
		bytes int64
		want  int
	}{
		"many":  {30, 10, 20},
		"large": {15, 60 << 20, 8},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			t.Setenv("XDG_CACHE_HOME", cache)
			dir := filepath.Join(cache, "spor", "runs")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for i := range tt.runs {
				at := time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC).Format("20060102T150405.000")
				file := filepath.Join(dir, fmt.Sprintf("%s-old%d.jsonl", at, i))
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(file, tt.bytes); err != nil { // a hole, which needs no space
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "of another program"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			finish(t, spor(t, running("output", "--name", "new")...))
			got := finish(t, spor(t, "view"))
			if n := strings.Count(got.stdout, "\n") - 1; n != tt.want || !strings.Contains(got.stdout, "  new\n") || !strings.Contains(got.stdout, fmt.Sprintf("  old%d\n", tt.runs-1)) {
				t.Errorf("got %d runs, want %d: %s", n, tt.want, got.stdout)
			}
			if _, err := os.Stat(filepath.Join(dir, "of another program")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARunIsCutBetweenLines(t *testing.T) {
	var out strings.Builder
	w := main.Limited(&out, 10)
	for _, line := range []string{"12345\n", "123456\n", "1\n"} {
		n, err := w.Write([]byte(line))
		if full := line != "12345\n"; full != (err != nil) || full && (n != 0 || !strings.Contains(err.Error(), "at most 64 MiB (use --record")) {
			t.Errorf("%q: got %d, %v", line, n, err)
		}
	}
	if out.String() != "12345\n" {
		t.Errorf("got %q", out.String())
	}
}
