package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	without := &result{tests: map[string]outcome{"TestA": passed, "TestA/x": passed, "TestA/y": passed, "TestB": passed, "TestC": failed, "TestD": passed, "TestE": passed, "TestE/10": passed}}
	with := &result{tests: map[string]outcome{"TestA": failed, "TestA/x": failed, "TestA/y": passed, "TestB": skipped, "TestC": failed, "TestE": passed, "TestE/11": passed}}
	want := []difference{{"TestA/x", passed, failed}, {"TestB", passed, skipped}, {"TestD", passed, ""}}
	if got := new(suite).compare(without, with); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAccounts(t *testing.T) {
	for _, tt := range []struct {
		started, ended int
		want           outcome
	}{{3, 3, ""}, {3, 2, "lost"}, {0, 0, "none"}, {-1, -1, unfinished}} {
		var got outcome
		if all := new(suite).accounts(&result{started: tt.started, ended: tt.ended}); len(all) > 0 {
			got = all[0].with
		}
		if got != tt.want {
			t.Errorf("%d started and %d ended: got %q, want %q", tt.started, tt.ended, got, tt.want)
		}
	}
}

func TestDiffer(t *testing.T) {
	p, f, s := passed, failed, skipped
	for _, tt := range []struct {
		without, with []outcome
		want          bool
	}{
		{[]outcome{p, p, p}, []outcome{p, p, p}, false},
		{[]outcome{p, p, p}, []outcome{f, p, p}, true},
		{[]outcome{f, p, p}, []outcome{f, p, p}, false},
		{[]outcome{f, p, p}, []outcome{f, f, f}, true},
		{[]outcome{f, p, p}, []outcome{p, p, p}, false},
		{[]outcome{f, f, f}, []outcome{p, p, p}, true},
		{[]outcome{f, f, f}, []outcome{f, f, p}, false},
		{[]outcome{f, f, f}, []outcome{s, s, s}, true},
	} {
		if got := differ(tt.without, tt.with, 1); got != tt.want {
			t.Errorf("%v without, %v with: got %v", tt.without, tt.with, got)
		}
	}
	if differ([]outcome{p, p, p}, []outcome{f, p, p}, 2) || !differ([]outcome{p, p, p}, []outcome{f, f, p}, 2) {
		t.Error("the margin is not used")
	}
}

func TestReadEvents(t *testing.T) {
	events := strings.Join([]string{
		`{"Action":"run","Test":"TestA"}`,
		`{"Action":"pass","Test":"TestA"}`,
		`{"Action":"run","Test":"TestB"}`,
		`{"Action":"pause","Test":"TestB"}`,
		`{"Action":"run","Test":"TestC"}`,
		`{"Action":"output","Output":"spor-peers: spans 7 6\n"}`,
		`not an event`,
		`{"Action":"fail"}`,
	}, "\n") + "\n"
	n := 0
	r := read(strings.NewReader(events), func() { n++ })
	if r.complete || r.started != 7 || r.ended != 6 || n != 8 {
		t.Errorf("got %+v after %d lines", r, n)
	}
	if len(r.tests) != 2 || r.tests["TestA"] != passed || r.tests["TestC"] != unfinished {
		t.Errorf("got %v", r.tests)
	}
	if r := read(strings.NewReader(`{"Action":"output","Output":"PASS\n"}`+"\n"), func() {}); !r.complete {
		t.Error("the process came to its end, but the result is not complete")
	}
}

func TestKnownDifferences(t *testing.T) {
	file := filepath.Join(t.TempDir(), "differences.txt")
	text := "# comment\n\npeer:* TestA/x A reason.\npeer:late TestB Another reason.\nother/peer:default TestC A third one.\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	lines, err := readKnown(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ suite, test, want string }{
		{"peer:late", "TestA/x", "A reason."},
		{"peer:late", "TestB", "Another reason."},
		{"peer:default", "TestB", ""},
		{"other/peer:default", "TestC", "A third one."},
	} {
		var got string
		if k := explain(lines, tt.suite, tt.test); k != nil {
			got = k.reason
		}
		if got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.suite, tt.test, got, tt.want)
		}
	}
}

// TestLineThatIsNotNeeded checks that a line without a difference is an error if its suite
// was run in full, and only then.
func TestLineThatIsNotNeeded(t *testing.T) {
	for _, tt := range []struct {
		played  []string
		options options
		found   bool
		wrong   bool
	}{
		{[]string{"peer:late"}, options{}, false, true},
		{[]string{"peer:late"}, options{}, true, false},
		{[]string{"other:late"}, options{}, false, false},
		{[]string{"peer:late"}, options{quick: true}, false, false},
		{[]string{"peer:late"}, options{run: "TestA"}, false, false},
	} {
		for _, sometimes := range []bool{false, true} {
			k := &known{suite: "peer:*", test: "TestA", found: tt.found, sometimes: sometimes}
			c := &contest{options: &tt.options, played: tt.played, known: []*known{k}}
			if err := c.unneeded(); (err != nil) != (tt.wrong && !sometimes) {
				t.Errorf("%+v, sometimes %v: got %v", tt, sometimes, err)
			}
		}
	}
}

func TestIncompleteLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "differences.txt")
	if err := os.WriteFile(file, []byte("peer:late TestA\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readKnown(file); err == nil {
		t.Error("a line without a reason is no error")
	}
}
