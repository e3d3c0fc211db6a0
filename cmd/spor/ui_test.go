//go:build unix

package main_test

import (
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var link = regexp.MustCompile(`http://127\.0\.0\.1:\d+/[A-Z2-7]+/`)

// The function body sends a GET request for url and returns the body of the response. It returns
// "" if there is no response.
func body(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The function said waits until file contains the link to the viewer, and returns the link.
func said(t *testing.T, file string) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if err == nil && link.Match(text) {
			return link.FindString(string(text))
		}
	}
	t.Fatal("no link was printed")
	return ""
}

func TestRunServesViewer(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	stderr := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := spor(t, running("traces", "--ui=127.0.0.1:0")...)
	cmd.Stderr = file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := said(t, stderr)
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(body(t, url+"api/traces"), `"found":2`); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("traces: %s", body(t, url+"api/traces"))
		}
	}
	// The viewer also shows the lines that the command wrote.
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(body(t, url+"api/logs"), `"message":"done"`); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("logs: %s", body(t, url+"api/logs"))
		}
	}
	// No page has been opened yet, so the viewer runs until a signal ends it.
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(readAll(t, stderr), "the command has ended"); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("stderr: %s", readAll(t, stderr))
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if text := body(t, url); text != "" {
		t.Errorf("the viewer still responds: %s", text)
	}
}

func TestRunEndsWithCommandThatWasTold(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	stderr := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := spor(t, running("cat", "--ui=127.0.0.1:0")...)
	cmd.Stderr = file
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said(t, stderr)
	var ended atomic.Bool
	go func() { // the signal is repeated, because the command may not have started yet
		for !ended.Load() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-time.After(time.Second)
		}
	}()
	_ = cmd.Wait()
	ended.Store(true)
	if text := readAll(t, stderr); strings.Contains(text, "the command has ended") {
		t.Errorf("the viewer stayed after the signal: %s", text)
	}
}

func readAll(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRunRefusesOtherAddresses(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	got := finish(t, spor(t, running("exit", "--ui=0.0.0.0:0")...))
	if got.code != 125 || !strings.Contains(got.stderr, "not a loopback address") {
		t.Errorf("got %+v", got)
	}
}

func TestRunWithoutTerminalHasNoViewer(t *testing.T) {
	for _, args := range [][]string{running("exit"), running("exit", "--ui=off")} {
		if got := finish(t, spor(t, args...)); link.MatchString(got.stderr) {
			t.Errorf("stderr %q", got.stderr)
		}
	}
}

func TestViewServesRecording(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	recorded := filepath.Join(t.TempDir(), "run.jsonl")
	finish(t, spor(t, running("traces", "--record", recorded)...))
	stderr := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var keys []string
	for range 2 {
		if err := file.Truncate(0); err != nil {
			t.Fatal(err)
		}
		cmd := spor(t, "view", "--ui", "127.0.0.1:0", recorded)
		cmd.Stderr = file
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		url := said(t, stderr)
		keys = append(keys, strings.Split(url, "/")[3])
		if got := body(t, url+"api/traces"); !strings.Contains(got, `"found":2`) {
			t.Errorf("traces: %s", got)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if keys[0] == keys[1] {
		t.Errorf("both runs have the key %q", keys[0])
	}
	if err := filepath.WalkDir(cache, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			t.Errorf("spor view, or a run with --record, wrote the file %s", name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestViewRefuses(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("not a recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"no such run":   {[]string{"view", "3"}, 125, "no file and no run 3 (0 runs kept; spor view lists them)"},
		"no such file":  {[]string{"view", "no/such"}, 125, "no such file"},
		"no recording":  {[]string{"view", plain}, 125, "line 1"},
		"unknown flag":  {[]string{"view", "--nope"}, 2, "nope"},
		"other address": {[]string{"view", "--ui", "192.0.2.1:80", os.Args[0]}, 125, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := finish(t, spor(t, tt.args...)); got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("got %+v, want code %d and %q", got, tt.code, tt.stderr)
			}
		})
	}
}
