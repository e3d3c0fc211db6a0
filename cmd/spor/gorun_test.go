//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	main "github.com/nais/spor/cmd/spor"
)

func TestGoRunName(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":             "module github.com/navikt/orders/v2 // the module\n\ngo 1.26\n",
		"main.go":            "package main\n",
		"cmd/worker/main.go": "package main\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	for command, want := range map[string]string{
		"go run .":                                   "orders",
		"go run . -v":                                "orders",
		"go run main.go":                             "orders",
		"go run -race -tags integration .":           "orders",
		"go run --tags=integration ./cmd/worker":     "worker",
		"/usr/local/go/bin/go run ./cmd/worker/":     "worker",
		"go run cmd/worker/main.go":                  "worker",
		"go run " + root:                             "orders",
		"go -C cmd/worker run .":                     "worker",
		"go -C cmd run ./worker":                     "worker",
		"go run -C cmd/worker .":                     "worker",
		"go run -C=cmd/worker -race .":               "worker",
		"go -C=cmd run ./worker":                     "worker",
		"go -C":                                      "",
		"go run github.com/navikt/loadgen@v1.2.3":    "loadgen",
		"go run github.com/navikt/loadgen/v3@latest": "loadgen",
		"go run -race":                               "",
		"go run":                                     "",
		"go test .":                                  "",
		"go":                                         "",
		"./service run .":                            "",
	} {
		if got := main.GoRunName(strings.Fields(command)); got != want {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
}

func TestRunNamesGoRun(t *testing.T) {
	root := t.TempDir()
	program := "package main\n\nimport \"os\"\n\nfunc main() { println(os.Getenv(\"OTEL_SERVICE_NAME\")) }\n"
	for name, content := range map[string]string{"go.mod": "module example.com/orders\n\ngo 1.26\n", "main.go": program} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := spor(t, "run", "--", "go", "run", ".")
	cmd.Dir = root
	cmd.Env = append(cmd.Env, "GOCACHE="+strings.TrimSpace(string(cache)))
	if got := finish(t, cmd); got.code != 0 || !strings.HasPrefix(got.stderr, "orders\n") {
		t.Errorf("exit code %d, stderr %q, want orders", got.code, got.stderr)
	}
}

func TestRecordKeepsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "spor.jsonl")
	if err := os.WriteFile(file, []byte("precious\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := finish(t, spor(t, running("exit", "--record", file)...))
	content, err := os.ReadFile(file)
	if want := "spor: --record " + file + ": the file exists (--force replaces it)\n"; got.code != 125 || got.stderr != want || string(content) != "precious\n" || err != nil {
		t.Errorf("exit code %d, stderr %q, want 125 and %q; the file contains %q, %v", got.code, got.stderr, want, content, err)
	}
	got = finish(t, spor(t, running("output", "--record", file, "--force")...))
	if content, err = os.ReadFile(file); got.code != 0 || strings.Contains(string(content), "precious") || !strings.Contains(string(content), "trouble") || err != nil {
		t.Errorf("with --force: exit code %d, the file contains %q, %v", got.code, content, err)
	}
}
