//go:build integration

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The variable programs is the folder with the programs under test. They are built in the same
// way as a user builds them.
var programs string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "spor-integration-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs = dir
	code := 1
	if buildProgram("../../examples", "./quotes") && buildProgram("../../cmd/spor", ".") &&
		buildProgram(".", "./leaktest") && buildProgram(".", "./byhand") {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func buildProgram(module, pkg string) bool {
	build := exec.Command("go", "build", "-o", programs+string(filepath.Separator), pkg)
	build.Dir = module
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", pkg, err)
		return false
	}
	return true
}

func program(tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	return exec.CommandContext(tb.Context(), filepath.Join(programs, name), args...)
}
