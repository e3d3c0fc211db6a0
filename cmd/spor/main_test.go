//go:build unix

package main_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	main "github.com/nais/spor/cmd/spor"
)

// roleKey is the name of a variable. If it is set, the test binary acts as another program: as
// spor, or as a program that spor runs.
const roleKey = "SPOR_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleKey); role {
	case "":
		os.Exit(m.Run())
	case "spor":
		os.Exit(main.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	default:
		os.Exit(play(role, os.Args[1:]))
	}
}

type result struct {
	code           int
	stdout, stderr string
}

// The function spor returns a command. The command runs the test binary as spor with the
// arguments args.
func spor(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.WaitDelay = time.Second
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "NAIS_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cacheOf(t))                // otherwise spor could find a spor listen of the developer
	cmd.Env = append(cmd.Env, roleKey+"=spor", "GORACE=atexit_sleep_ms=0") // without GORACE, each process waits a second at its end under -race
	return cmd
}

// The function cacheOf returns the cache folder of the test. The environment variable
// XDG_CACHE_HOME has precedence, if the test has set it.
func cacheOf(t *testing.T) string {
	t.Helper()
	if os.Getenv("XDG_CACHE_HOME") != "" {
		return os.Getenv("XDG_CACHE_HOME")
	}
	return t.TempDir()
}

// The function running returns arguments for spor run. The command that spor runs is this test
// binary in the given role.
func running(role string, flags ...string) []string {
	args := append([]string{"run", "--env", roleKey + "=" + role}, flags...)
	return append(args, "--", os.Args[0])
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestSporUsage(t *testing.T) {
	for name, tt := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string // expected beginnings of the output
	}{
		"nothing":         {nil, 0, "spor shows the telemetry of a program as NAIS would receive it.\n", ""},
		"help":            {[]string{"help"}, 0, "spor shows the telemetry of a program as NAIS would receive it.\n", ""},
		"-h":              {[]string{"-h"}, 0, "spor shows the telemetry of a program as NAIS would receive it.\n", ""},
		"help run":        {[]string{"help", "run"}, 0, "Run COMMAND with the environment that NAIS would give it", ""},
		"run -h":          {[]string{"run", "-h"}, 0, "Run COMMAND with the environment that NAIS would give it", ""},
		"help help":       {[]string{"help", "help"}, 0, "Print the help of a command\n", ""},
		"help version":    {[]string{"help", "version"}, 0, "Print the version of spor, its commit", ""},
		"version":         {[]string{"version"}, 0, "spor ", ""},
		"--version":       {[]string{"--version"}, 0, "spor ", ""},
		"-v":              {[]string{"-v"}, 0, "spor ", ""},
		"version --help":  {[]string{"version", "--help"}, 0, "Print the version of spor", ""},
		"completion":      {[]string{"completion", "bash"}, 0, "# bash completion", ""},
		"misspelled":      {[]string{"chek"}, 2, "", "spor: unknown command \"chek\" (did you mean spor check? spor --help lists the commands; to run a program: spor run -- chek)\n"},
		"unknown":         {[]string{"quotes"}, 2, "", "spor: unknown command \"quotes\" (spor --help lists the commands; to run a program: spor run -- quotes)\n"},
		"help unknown":    {[]string{"help", "quotes"}, 2, "", "spor help: unknown command \"quotes\""},
		"no command":      {[]string{"run", "--name", "x"}, 2, "", "spor run: no command (want: spor run [flags] -- COMMAND [ARGUMENTS])\n"},
		"unknown flag":    {[]string{"run", "--nope", "--", "true"}, 2, "", "spor run: unknown flag: --nope (spor run --help lists the flags)\n"},
		"env without =":   {[]string{"run", "--env", "PORT", "--", "true"}, 2, "", "spor run: --env \"PORT\": want KEY=VALUE\n"},
		"env without key": {[]string{"run", "--env", "=1", "--", "true"}, 2, "", "spor run: --env \"=1\": want KEY=VALUE\n"},
		"single dash":     {[]string{"run", "-bogus", "--", "true"}, 2, "", "spor run: unknown shorthand flag: 'b' in -bogus (spor run --help lists the flags)\n"},
		"no address":      {[]string{"run", "--ui=banana", "--", "true"}, 2, "", "spor run: invalid argument \"banana\" for \"--ui\" flag: want HOST:PORT, a port, or off"},
		"no unit":         {[]string{"check", "--for", "10", "--", "true"}, 2, "", "spor check: invalid argument \"10\" for \"--for\" flag: time: missing unit in duration"},
		"bad name":        {[]string{"run", "--name", "a,b=c", "--", "true"}, 2, "", "spor run: --name \"a,b=c\": not a name (want letters, digits, - . _)\n"},
		"empty namespace": {[]string{"run", "--namespace", "", "--", "true"}, 2, "", "spor run: --namespace \"\": not a name"},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, tt.args...))
			if got.code != tt.code {
				t.Errorf("exit code %d, want %d", got.code, tt.code)
			}
			if !strings.HasPrefix(got.stdout, tt.stdout) || tt.stdout == "" && got.stdout != "" {
				t.Errorf("stdout %q, want %q", got.stdout, tt.stdout)
			}
			if !strings.HasPrefix(got.stderr, tt.stderr) || tt.stderr == "" && got.stderr != "" {
				t.Errorf("stderr %q, want %q", got.stderr, tt.stderr)
			}
		})
	}
}

func TestVersionText(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for name, tt := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"none":     {nil, "spor (unknown version)"},
		"released": {&debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v0.1.0"}}, "spor v0.1.0 go1.26.8"},
		"built here": {&debug.BuildInfo{
			GoVersion: "go1.26.8",
			Main:      debug.Module{Version: "(devel)"},
			Settings:  []debug.BuildSetting{setting("vcs.revision", "0123456789abcdef"), setting("vcs.modified", "true")},
		}, "spor (devel) 0123456789ab+changes go1.26.8"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := main.VersionText(tt.info, tt.info != nil); got != tt.want {
				t.Errorf("version %q, want %q", got, tt.want)
			}
		})
	}
}
