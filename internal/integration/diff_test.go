//go:build integration

package integration

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestDiffOfTheSameProgram compares two runs of quotes. With -once, no operation has enough spans
// for a comparison of their durations, so the result does not depend on the speed of the machine.
func TestDiffOfTheSameProgram(t *testing.T) {
	var files []string
	for i := range 2 {
		file := filepath.Join(t.TempDir(), fmt.Sprintf("quotes%d.jsonl", i))
		run := program(t, "spor", "run", "--name", "quotes", "--record", file, "--", filepath.Join(programs, "quotes"), "-once")
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		files = append(files, file)
	}
	out, err := program(t, "spor", "diff", files[0], files[1]).CombinedOutput()
	if want := "0 worse, 0 new or gone\n"; err != nil || string(out) != want {
		t.Errorf("%v, got\n%swant\n%s", err, out, want)
	}
}
