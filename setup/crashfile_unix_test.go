//go:build unix

package setup_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nais/spor/internal/oteltest"
)

const planted = "panic: planted by another user\n"

// plantings contains functions that create a file, a folder, a link or a pipe with the name of
// the crash file. A function returns the name of the file whose content must not change. If
// there is no such file, it returns "".
var plantings = map[string]func(t *testing.T, name string) (kept string){
	"link": func(t *testing.T, name string) string {
		t.Helper()
		target := plant(t, name+".target", 0o600)
		must(t, os.Symlink(target, name))
		return target
	},
	"dangling link": func(t *testing.T, name string) string {
		t.Helper()
		must(t, os.Symlink(name+".nothing", name))
		return ""
	},
	"second name": func(t *testing.T, name string) string {
		t.Helper()
		target := plant(t, name+".target", 0o600)
		must(t, os.Link(target, name))
		return target
	},
	"pipe": func(t *testing.T, name string) string {
		t.Helper()
		must(t, syscall.Mkfifo(name, 0o600))
		return ""
	},
	"folder":          func(t *testing.T, name string) string { t.Helper(); must(t, os.Mkdir(name, 0o700)); return "" },
	"open to all":     func(t *testing.T, name string) string { t.Helper(); return plant(t, name, 0o666) },
	"open to readers": func(t *testing.T, name string) string { t.Helper(); return plant(t, name, 0o644) },
	"open to group":   func(t *testing.T, name string) string { t.Helper(); return plant(t, name, 0o660) },
	"another user's":  func(t *testing.T, name string) string { t.Helper(); return give(t, plant(t, name, 0o600)) },
	"another's, open": func(t *testing.T, name string) string { t.Helper(); return give(t, plant(t, name, 0o666)) },
	"another's, empty": func(t *testing.T, name string) string {
		t.Helper()
		must(t, os.WriteFile(name, nil, 0o600))
		return give(t, name)
	},
}

func plant(t *testing.T, name string, mode os.FileMode) string {
	t.Helper()
	must(t, os.WriteFile(name, []byte(planted), mode))
	must(t, os.Chmod(name, mode)) // because the umask may have cleared some bits of the mode
	return name
}

// give makes another user the owner of the file.
func give(t *testing.T, name string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can change the owner of a file")
	}
	must(t, os.Chown(name, 4242, 4242))
	return name
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunTouchesNoPlantedCrashFile(t *testing.T) {
	for name, planting := range plantings {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "crash.log")
			kept := planting(t, file)
			var before []byte
			if kept != "" {
				var err error
				before, err = os.ReadFile(kept)
				must(t, err)
			}
			for program, wantCode := range map[string]int{"quiet": 0, "crash": 2} {
				code, _, stderr := finish(t, command(t, program, "OTEL_TRACES_EXPORTER", "none", "CHILD_CRASH_FILE", file))
				first, _, _ := strings.Cut(stderr, "\n")
				lines := oteltest.ParseLines(t, first)
				if code != wantCode || len(lines) != 1 || lines[0]["level"] != "WARN" || strings.Count(stderr, `"level"`) != 1 {
					t.Errorf("%s: got code %d and %q, want %d and one warning", program, code, stderr, wantCode)
				}
				if strings.Contains(stderr, "planted") {
					t.Errorf("%s: got %q, want no text from the planted file", program, stderr)
				}
			}
			if kept != "" {
				if after, err := os.ReadFile(kept); err != nil || string(after) != string(before) {
					t.Errorf("the planted file: got %q, %v, want it unchanged", after, err)
				}
			}
			if _, err := os.Lstat(file + ".nothing"); err == nil {
				t.Error("Run created the target of the link")
			}
		})
	}
}

func TestRunWithoutAPlaceForItsCrashFile(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "read only"), 0o500)) // the user root can still write to it
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for name, place := range map[string]string{"missing": dir + "/missing", "a file": dir + "/file", "read-only": dir + "/read only", "system": "/proc"} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(place, "probe"), nil, 0o600); err == nil {
				t.Skip("this user can write to it")
			}
			code, _, stderr := finish(t, command(t, "quiet", pod(place)...))
			if lines := oteltest.ParseLines(t, stderr); code != 0 || len(lines) != 1 || lines[0]["level"] != "WARN" {
				t.Errorf("got code %d and %q, want 0 and one warning", code, stderr)
			}
		})
	}
}

// pod returns the environment variables that a program has in a NAIS pod. The program's crash
// file is in dir.
func pod(dir string) []string {
	return []string{"NAIS_CLUSTER_NAME", "local", "NAIS_APP_NAME", "go", "TMPDIR", dir, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none"}
}

func TestRunLogsTheCrashOfItsOwnProjectAlone(t *testing.T) {
	shared, here, there := t.TempDir(), t.TempDir(), t.TempDir()
	crash := command(t, "crash", pod(shared)...)
	crash.Dir = here
	if code, _, stderr := finish(t, crash); code != 2 {
		t.Fatalf("got code %d and %q, want a crash", code, stderr)
	}
	files, err := filepath.Glob(filepath.Join(shared, "spor-crash-setup.test-*.log"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files: got %q, %v, want one with the name of the program", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	for _, tt := range []struct {
		dir, app string
		logged   bool
	}{
		{there, "go", false},
		{here, "another", false},
		{here, "go", true},
		{here, "go", false},
	} {
		quiet := command(t, "quiet", append(pod(shared), "NAIS_APP_NAME", tt.app)...)
		quiet.Dir = tt.dir
		if _, _, stderr := finish(t, quiet); strings.Contains(stderr, "boom") != tt.logged || !tt.logged && stderr != "" {
			t.Errorf("%+v: got %q", tt, stderr)
		}
	}
}
