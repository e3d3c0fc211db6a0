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
		"empty":    {[]string{"# nothing"}, nil, ": no entry (want lines such as web: go run ./cmd/web)"},
		"no entry": {[]string{"web: a", "my.svc: b"}, nil, `: "my.svc: b" is not an entry (want NAME: COMMAND`},
		"twice":    {[]string{"web: a", "web: b"}, nil, `: there are two entries "web"`},
		"command":  {[]string{"web: a"}, []string{"--", "true"}, "--procfile and a command (want one of them)"},
		"name":     {[]string{"web: a"}, []string{"--name", "x"}, "--name and --procfile"},
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

// TestProcfileIsLikeForeman has details of the file, and of the folder that it is in.
func TestProcfileIsLikeForeman(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "My Project")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Procfile")
	if err := os.WriteFile(file, []byte("\ufeffweb:echo $PORT  \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]string{"": "5000", "--env PORT=6000": "6000", "--env PORT=0": "5000"} {
		got := finish(t, spor(t, append([]string{"run", "--procfile", file}, strings.Fields(flags)...)...))
		if got.code != 0 || got.stdout != "web | "+want+"\n" {
			t.Errorf("%s: got %+v, want the port %s", flags, got, want)
		}
	}
}

// TestProcfileSignals sends one signal to services that are compound commands. Each service gets it
// once, and ends with its own exit code. The rest of its command is not run.
func TestProcfileSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		service := roleKey + "=counts $SPOR && echo the rest"
		file := procfile(t, "one: "+service, "two: sleep 0; "+service)
		out := filepath.Join(t.TempDir(), "out")
		f, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := spor(t, "run", "--procfile", file)
		cmd.Stdout, cmd.Stderr = f, f
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); strings.Count(readAll(t, out), "| ready") != 2; <-time.After(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(readAll(t, out))
			}
		}
		_ = cmd.Process.Signal(sig)
		_ = cmd.Wait()
		text := readAll(t, out)
		if cmd.ProcessState.ExitCode() != 0 || strings.Count(text, "| 1 signal\n") != 2 || strings.Contains(text, "the rest") {
			t.Errorf("%v: exit code %d, want 0: %s", sig, cmd.ProcessState.ExitCode(), text)
		}
	}
}

// TestProcfileStreamsAreApart has a service that writes more to stdout than is read. The other
// service must still be able to write to stderr.
func TestProcfileStreamsAreApart(t *testing.T) {
	file := procfile(t, "flood: yes", "ticks: for i in 1 2 3 4 5; do echo tick >&2; sleep 0.1; done; sleep 60")
	cmd := spor(t, "run", "--procfile", file)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stderr = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); strings.Count(readAll(t, stderr), "| tick") != 5; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(readAll(t, stderr))
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = stdout.Close()
	_ = cmd.Wait()
}
