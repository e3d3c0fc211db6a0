//go:build unix

package main_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A listener is a spor listen that runs in another process.
type listener struct {
	stderr string
	viewer string
	signal func(syscall.Signal) (code int)
	stop   func(t *testing.T) // stops the process, which then hangs
}

// startListener starts spor listen with a cache folder of its own. The flags say where it listens.
// Every spor that the test starts afterwards has the same cache folder.
func startListener(t *testing.T, flags ...string) listener {
	t.Helper()
	if os.Getenv("XDG_CACHE_HOME") == "" {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
	}
	l := listener{stderr: filepath.Join(t.TempDir(), "stderr")}
	file, err := os.Create(l.stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := spor(t, append([]string{"listen"}, flags...)...)
	cmd.Stderr = file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	l.signal = func(s syscall.Signal) int {
		ended = true
		_ = cmd.Process.Signal(s)
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	l.stop = func(t *testing.T) {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if !ended {
			l.signal(syscall.SIGKILL)
		}
	})
	l.viewer = said(t, l.stderr)
	return l
}

var anyPort = []string{"--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ui", "127.0.0.1:0"}

// The method shows waits until the viewer's answer to path contains want.
func (l listener) shows(t *testing.T, path, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(body(t, l.viewer+path), want); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s, want %s", path, body(t, l.viewer+path), want)
		}
	}
}

var httpEndpoint = regexp.MustCompile(`OTLP over HTTP: OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)`)

func TestListenShowsSeveralServices(t *testing.T) {
	l := startListener(t, anyPort...)
	for _, name := range []string{"orders", "stock"} {
		got := finish(t, spor(t, running("traces", "--name", name)...))
		if got.code != 0 || !strings.Contains(got.stderr, "spor: traces in the browser: "+l.viewer+" (spor listen)\n") || !strings.Contains(got.stderr, "2 traces, 5 spans") {
			t.Errorf("%s: exit code %d: %s", name, got.code, got.stderr)
		}
	}
	l.shows(t, "api/traces", `"found":4`)
	l.shows(t, "api/logs", `"message":"done"`)

	endpoint := httpEndpoint.FindStringSubmatch(readAll(t, l.stderr))
	if endpoint == nil {
		t.Fatalf("no endpoint for HTTP in %s", readAll(t, l.stderr))
	}
	span := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"click"}]}]}]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint[1]+"/v1/traces", strings.NewReader(span))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", resp, err)
	}
	defer resp.Body.Close()
	l.shows(t, "api/traces", `"found":5`)

	second := finish(t, spor(t, append([]string{"listen"}, anyPort...)...))
	if second.code != 125 || !strings.Contains(second.stderr, "spor listen: spor listen already runs, and receives at http://127.0.0.1:") || !strings.Contains(second.stderr, l.viewer) {
		t.Errorf("a second spor listen: exit code %d, %s", second.code, second.stderr)
	}
	if code := l.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0: %s", code, readAll(t, l.stderr))
	}
}

// TestRunAlone runs spor run in cases in which it must not join a listener.
func TestRunAlone(t *testing.T) {
	alone := func(t *testing.T, flags ...string) {
		t.Helper()
		got := finish(t, spor(t, running("traces", flags...)...))
		if got.code != 0 || strings.Contains(got.stderr, "spor listen") {
			t.Errorf("exit code %d: %s", got.code, got.stderr)
		}
	}
	t.Run("ended", func(t *testing.T) {
		startListener(t, anyPort...).signal(syscall.SIGTERM)
		alone(t)
	})
	t.Run("killed", func(t *testing.T) {
		startListener(t, anyPort...).signal(syscall.SIGKILL)
		alone(t)
		startListener(t, anyPort...) // the next one can start
	})
	t.Run("file of others", func(t *testing.T) {
		startListener(t, anyPort...)
		if err := os.Chmod(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "spor", "listen.json"), 0o644); err != nil { //nolint:gosec // what the test is about
			t.Fatal(err)
		}
		alone(t)
	})
	t.Run("hangs", func(t *testing.T) {
		l := startListener(t, anyPort...)
		l.stop(t)
		start := time.Now()
		got := finish(t, spor(t, running("traces")...))
		if got.code != 0 || !strings.Contains(got.stderr, "did not reach spor listen") || time.Since(start) > 30*time.Second {
			t.Errorf("exit code %d after %v: %s", got.code, time.Since(start), got.stderr)
		}
	})
}

func TestListenTakesAnotherPort(t *testing.T) {
	for _, address := range []string{"127.0.0.1:4317", "127.0.0.1:4318"} {
		if l, err := net.Listen("tcp", address); err == nil { // otherwise another program listens there already
			defer l.Close()
		}
	}
	l := startListener(t, "--ui", "127.0.0.1:0")
	text := readAll(t, l.stderr)
	for _, note := range []string{"(another program uses 127.0.0.1:4317)\n", "(another program uses 127.0.0.1:4318)\n"} {
		if !strings.Contains(text, note) {
			t.Errorf("%q is not in %s", note, text)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l.signal(syscall.SIGTERM)
	got := finish(t, spor(t, "listen", "--grpc", taken.Addr().String(), "--ui", "127.0.0.1:0"))
	if got.code != 125 || !strings.Contains(got.stderr, "address already in use") {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
	got = finish(t, spor(t, "listen", "--grpc", "0.0.0.0:0"))
	if got.code != 125 || !strings.Contains(got.stderr, "is not a loopback address") {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
}

// TestListenGetsAllLines runs a command that writes lines faster than they can be sent one by one.
func TestListenGetsAllLines(t *testing.T) {
	l := startListener(t, anyPort...)
	got := finish(t, spor(t, "run", "--", "seq", "10000"))
	if got.code != 0 || strings.Contains(got.stderr, "did not reach") {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
	l.shows(t, "api/logs?limit=1", `"found":10000`)
}
