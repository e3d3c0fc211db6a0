package examples_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWorkflow runs the commands of the GitHub Actions job in docs/check.md, on the program in
// the README.
func TestWorkflow(t *testing.T) {
	page, err := os.ReadFile("../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "spor"), ".")
	build.Dir = "../cmd/spor"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, job, _ := strings.Cut(string(page), "```yaml\n")
	job, _, _ = strings.Cut(job, "```\n")
	_, port, err := net.SplitHostPort(free(t))
	if err != nil {
		t.Fatal(err)
	}
	service := filepath.Join(bin, "service")
	here := strings.NewReplacer("8080", port, "-o service", "-o "+service, "./service", service)
	ran := 0
	for line := range strings.Lines(job) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "- run: ")
		if !ok || strings.HasPrefix(command, "go install github.com/nais/spor/cmd/spor@") {
			continue
		}
		command = here.Replace(command)
		run := exec.CommandContext(t.Context(), "bash", "-ec", command)
		run.Dir = "http"
		run.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		ran++
	}
	if ran != 2 {
		t.Errorf("%d commands were run, want 2", ran)
	}
}
