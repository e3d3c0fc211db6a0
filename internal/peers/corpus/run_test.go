package corpus_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nais/spor/internal/peers/corpus"
)

// write writes a corpus of these lines to a new directory, and returns the directory.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"corpora.json": `{"corpora": {"own": {"version": "own 1", "left_out": {"empty": 2}}}}`,
		"own.jsonl":    strings.Join(lines, "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	results, err := corpus.Run(write(t,
		`{"id": "a", "system": "postgresql", "sql": "SELECT a FROM pets WHERE b = 'Zkq000001Wxk'", "literals": 1, "canaries": ["Zkq000001Wxk"], "operations": ["SELECT"], "tables": ["pets"]}`,
		`{"id": "b", "system": "mysql", "sql": "DELETE FROM pets WHERE b = 1973000002", "literals": 1, "canaries": ["1973000002"], "operations": ["DELETE"], "tables": ["pets"]}`,
		// These three lines are wrong on purpose: the name of a table is a canary, and the
		// expected operation and the expected table are not those of the statement.
		`{"id": "c", "system": "postgresql", "sql": "SELECT a FROM Zkq000003Wxk", "literals": 1, "canaries": ["Zkq000003Wxk"]}`,
		`{"id": "d", "system": "postgresql", "sql": "SELECT a FROM pets", "canaries": [], "operations": ["UPDATE"]}`,
		`{"id": "e", "system": "postgresql", "sql": "SELECT b FROM pets", "canaries": [], "tables": ["owners"]}`,
	))
	if err != nil || len(results) != 1 {
		t.Fatalf("got %d results and the error %v, want one result", len(results), err)
	}
	r := results[0]
	if r.Corpus != "own" || r.Version != "own 1" || r.Statements != 5 || r.Literals != 3 || r.LeftOut["empty"] != 2 {
		t.Errorf("got %+v", r)
	}
	var got []string
	for _, f := range r.Failures {
		got = append(got, f.ID+" "+string(f.Kind))
	}
	if want := "c leak, d operation, e tables, e collection"; strings.Join(got, ", ") != want {
		t.Errorf("failures: got %q, want %q", got, want)
	}
	if want := (corpus.Score{Right: 2, Recorded: 3, Expected: 3}); r.Operations != want {
		t.Errorf("operations: got %+v, want %+v", r.Operations, want)
	}
}

func TestRunFails(t *testing.T) {
	for name, dir := range map[string]string{
		"no directory":  filepath.Join(t.TempDir(), "none"),
		"no statements": write(t),
		"no JSON":       write(t, "SELECT 1"),
	} {
		if results, err := corpus.Run(dir); err == nil {
			t.Errorf("%s: got %v and no error", name, results)
		}
	}
}
