//go:build integration

package integration

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDemo runs the three services of make demo. One trace must pass through all of them.
func TestDemo(t *testing.T) {
	demo := exec.CommandContext(t.Context(), "../../scripts/demo.sh")
	demo.Env = append(os.Environ(), "ONCE=1", "XDG_CACHE_HOME="+t.TempDir())
	var stdout, stderr bytes.Buffer
	demo.Stdout, demo.Stderr = &stdout, &stderr
	if err := demo.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &stdout, &stderr)
	}
	for trace := range strings.SplitSeq(stderr.String(), "\n\n") {
		if !strings.Contains(trace, "POST /quotes") {
			continue
		}
		for _, service := range []string{"server   gateway", "server   backend", "consumer worker"} {
			if !strings.Contains(trace, service) {
				t.Errorf("%q is not in the trace:\n%s", service, trace)
			}
		}
		return
	}
	t.Errorf("no trace of POST /quotes:\n%s", &stderr)
}
