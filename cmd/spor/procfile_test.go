//go:build unix

package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The function procfile writes a Procfile. In each command, $SPOR stands for this test binary.
func procfile(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "Procfile")
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "$SPOR", os.Args[0])
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestProcfile(t *testing.T) {
	file := procfile(t,
		"# the services of the shop",
		"",
		"orders: "+roleKey+"=traces $SPOR",
		"stock-2:   sleep 60",
		"not an entry",
	)
	got := finish(t, spor(t, "run", "--procfile", file))
	if got.code != 0 {
		t.Errorf("exit code %d, want 0", got.code)
	}
	if want := "orders  | done\n"; got.stdout != want {
		t.Errorf("stdout %q, want %q", got.stdout, want)
	}
	for _, want := range []string{"spor: orders has ended with the exit code 0; ending the others\n", "2 traces, 5 spans"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("%q is not in stderr: %s", want, got.stderr)
		}
	}
}

func TestProcfileServicesHaveNamesAndPorts(t *testing.T) {
	environ := roleKey + "=environ $SPOR OTEL_SERVICE_NAME NAIS_APP_NAME PORT BIND_ADDRESS TEAM; "
	file := procfile(t, "a: "+environ+"touch a; sleep 60", "bb: "+environ+"touch bb; sleep 60",
		"end: until [ -e a ] && [ -e bb ]; do sleep 0.05; done; printf 'no newline'; exit 3")
	cmd := spor(t, "run", "--procfile", file, "--env", "TEAM=shop")
	cmd.Dir = t.TempDir()
	got := finish(t, cmd)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	slices.Sort(lines)
	want := []string{
		"a   | BIND_ADDRESS=127.0.0.1:5000", "a   | NAIS_APP_NAME=a", "a   | OTEL_SERVICE_NAME=a", "a   | PORT=5000", "a   | TEAM=shop",
		"bb  | BIND_ADDRESS=127.0.0.1:5100", "bb  | NAIS_APP_NAME=bb", "bb  | OTEL_SERVICE_NAME=bb", "bb  | PORT=5100", "bb  | TEAM=shop",
		"end | no newline",
	}
	if !slices.Equal(lines, want) || got.code != 3 {
		t.Errorf("exit code %d, want 3; got\n%s\nwant\n%s\n%s", got.code, strings.Join(lines, "\n"), strings.Join(want, "\n"), got.stderr)
	}
}

// TestProcfileEndsAll ends the services in different ways. No process may be left.
func TestProcfileEndsAll(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"interrupt": syscall.SIGINT, "terminated": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			file := procfile(t, "one: exec env "+roleKey+"=waits $SPOR", "two: exec env "+roleKey+"=waits $SPOR")
			cmd := spor(t, "run", "--procfile", file)
			out := filepath.Join(t.TempDir(), "out")
			f, err := os.Create(out)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			cmd.Stdout, cmd.Stderr = f, f
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(30 * time.Second); strings.Count(readAll(t, out), "| child ready") != 2; <-time.After(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal(readAll(t, out))
				}
			}
			_ = cmd.Process.Signal(sig)
			_ = cmd.Wait()
			text := readAll(t, out)
			if cmd.ProcessState.ExitCode() != 7 || strings.Count(text, "| child "+sig.String()) != 2 || strings.Contains(text, "ending the others") {
				t.Errorf("exit code %d, want 7: %s", cmd.ProcessState.ExitCode(), text)
			}
		})
	}
}

func TestProcfileUsage(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		args  []string
		want  string
	}{
		"empty":   {[]string{"# nothing"}, nil, ": no entry (want lines such as web: go run ./cmd/web)"},
		"twice":   {[]string{"web: a", "web: b"}, nil, `: there are two entries "web"`},
		"command": {[]string{"web: a"}, []string{"--", "true"}, "--procfile and a command (want one of them)"},
		"name":    {[]string{"web: a"}, []string{"--name", "x"}, "--name and --procfile"},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, append([]string{"run", "--procfile", procfile(t, tt.lines...)}, tt.args...)...))
			if got.code != 2 || !strings.Contains(got.stderr, tt.want) {
				t.Errorf("exit code %d, stderr %q, want 2 and %q", got.code, got.stderr, tt.want)
			}
		})
	}
	got := finish(t, spor(t, "run", "--procfile", "/no/such/Procfile"))
	if got.code != 2 || !strings.Contains(got.stderr, "--procfile open /no/such/Procfile: no such file") {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
}
