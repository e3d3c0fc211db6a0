//go:build unix

package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/internal/apm"
)

// The function checking returns arguments for spor check. The command that spor checks is this
// test binary in the given role.
func checking(role string, flags ...string) []string {
	args := append([]string{"check", "--env", roleKey + "=" + role}, flags...)
	return append(args, "--", os.Args[0])
}

type judgement struct {
	OK       bool
	Services []apm.Report
}

func parseJudgement(t *testing.T, text string) judgement {
	t.Helper()
	var j judgement
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		t.Fatalf("not JSON: %v: %q", err, text)
	}
	return j
}

func TestCheckExitCodes(t *testing.T) {
	for role, want := range map[string]struct {
		code int
		ok   bool
	}{
		"once":   {0, true},
		"fails":  {3, true}, // the exit code of the command, because the telemetry is in order
		"leaks":  {1, false},
		"traces": {1, false},
	} {
		t.Run(role, func(t *testing.T) {
			got := finish(t, spor(t, checking(role, "--name", "hello", "--format", "json")...))
			j := parseJudgement(t, got.stdout)
			if got.code != want.code || j.OK != want.ok || len(j.Services) != 1 || j.Services[0].Service != "hello" {
				t.Errorf("exit code %d, OK %t, want %d, %t: %+v\n%s", got.code, j.OK, want.code, want.ok, j, got.stderr)
			}
		})
	}
}

func TestCheckEndsAService(t *testing.T) {
	got := finish(t, spor(t, checking("serves", "--name", "hello", "--for", "500ms")...))
	if got.code != 0 || !strings.Contains(got.stdout, " 0 dark, ") || !strings.Contains(got.stderr, `"message":"hello"`) {
		t.Errorf("exit code %d, want 0:\n%s%s", got.code, got.stdout, got.stderr)
	}
}

func TestCheckNamesThePlace(t *testing.T) {
	got := finish(t, spor(t, checking("leaks")...))
	if !strings.Contains(got.stdout, "found     personal number                 stdout, field message\n") {
		t.Errorf("got:\n%s", got.stdout)
	}
	if strings.Contains(got.stdout, "01017012345") {
		t.Errorf("the output contains the number:\n%s", got.stdout)
	}
}

func TestCheckFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "spor recording.jsonl")
	live := finish(t, spor(t, checking("traces", "--name", "quotes", "--record", file)...))
	kept := finish(t, spor(t, "check", file))
	if live.code != 1 || kept.code != 1 || live.stdout != kept.stdout {
		t.Errorf("check of the file: exit code %d and\n%swant the same as for the program: %d and\n%s", kept.code, kept.stdout, live.code, live.stdout)
	}
	if want := "dark      Runtime: Go card                no go_goroutines, and none of the other metrics; no go_info; resource without service.instance.id\n"; !strings.Contains(live.stdout, want) {
		t.Errorf("a line is cut or wrapped in a pipe:\n%s", live.stdout)
	}
}

func TestCheckLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	cmd := spor(t, checking("once")...)
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	finish(t, cmd)
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "spor-crash-") })
	if len(left) > 0 {
		t.Errorf("files left in the temporary directory: %v", left)
	}
}

func TestCheckUsage(t *testing.T) {
	dir := t.TempDir()
	empty, program := filepath.Join(dir, "empty"), filepath.Join(dir, "program")
	for name, content := range map[string]string{empty: "", program: "#!/bin/sh\n"} {
		if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		args   []string
		code   int
		stderr string // the expected beginning of stderr
	}{
		"nothing":      {[]string{"check"}, 2, "spor check: no command and no file (want: spor check [flags] -- COMMAND"},
		"format":       {[]string{"check", "--format", "xml", "x"}, 2, `spor check: invalid argument "xml" for "--format" flag: want text or json`},
		"time":         {[]string{"check", "--for", "-1s", "--", "x"}, 2, "spor check: --for -1s: want a duration"},
		"unknown flag": {[]string{"check", "--nope", "x"}, 2, "spor check: unknown flag: --nope (spor check --help lists the flags)"},
		"no file":      {[]string{"check", filepath.Join(dir, "none")}, 125, "spor: open "},
		"a program":    {[]string{"check", program}, 125, "spor: " + program + ": recording: line 1, column 1: invalid character '#' looking for beginning of value (to run it: spor check -- " + program + ")"},
		"empty":        {[]string{"check", empty}, 1, "spor: nothing was sent or written"},
		"not found":    {[]string{"check", "--", "no-such-command-here"}, 127, `spor: exec: "no-such-command-here"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, tt.args...))
			if got.code != tt.code || !strings.HasPrefix(got.stderr, tt.stderr) || got.stdout != "" && tt.code != 1 {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d, %q", got.code, got.stdout, got.stderr, tt.code, tt.stderr)
			}
		})
	}
	if got := finish(t, spor(t, "help", "check")); got.code != 0 || !strings.HasPrefix(got.stdout, "Check what Nais APM will show of a service.") {
		t.Errorf("help: got %+v", got)
	}
}
