package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// An outcome is what became of a test: pass, fail, skip, or unfinished.
type outcome string

const (
	passed     outcome = "pass"
	failed     outcome = "fail"
	skipped    outcome = "skip"
	unfinished outcome = "unfinished"
)

// A result has the outcomes of one run of a package.
type result struct {
	tests map[string]outcome
	// complete reports whether the process came to its end.
	complete bool
	// started and ended count the spans. They are -1 if no process came to its
	// end.
	started, ended int
	took           time.Duration
}

// A binary is the test binary of one package.
type binary struct {
	suite *suite
	// pkg is the folder of the package, relative to the root of the source.
	pkg string
	// path is the binary, and dir the folder that it runs in.
	path, dir string
	env       []string
	// log is the folder for the output of runs.
	log string
}

// build compiles the test binary of a package.
func build(ctx context.Context, l *layout, s *suite, src *source, pkg string) (*binary, error) {
	name := strings.Trim(strings.ReplaceAll(s.name+"-"+strings.TrimPrefix(pkg, "src/"), "/", "-"), "-.")
	b := &binary{
		suite: s, pkg: pkg,
		path: filepath.Join(l.work, "bin", name+".test"),
		dir:  filepath.Join(src.dir, pkg),
		log:  filepath.Join(l.work, "out"),
	}
	args := []string{"test", "-c", "-vet=off", "-o", b.path}
	if !s.noRace {
		args = append(args, "-race")
	}
	env := []string{"GOFLAGS=-mod=mod", "GOWORK=off"}
	from := src.dir
	target := "./" + pkg
	if src.fromGo {
		b.env = []string{"GOROOT=" + src.dir}
		env = append([]string{"GOFLAGS=", "GO111MODULE=on", "GOWORK=off"}, b.env...)
		from, target = l.work, strings.TrimPrefix(pkg, "src/")
	}
	_, err := command(ctx, from, env, "go", append(args, target)...)
	return b, err
}

// run runs the tests with spor as the variant says, without it if the variant is empty. If a
// test ends the process, the process is started again for the tests that have no result.
func (b *binary) run(ctx context.Context, variant string, args ...string) (*result, error) {
	all := &result{tests: map[string]outcome{}, started: -1, ended: -1}
	without := skipList(b.suite)
	for try := 0; ; try++ {
		more := args
		if len(without) > 0 {
			more = append(slices.Clone(args), "-test.skip", strings.Join(without, "|"))
		}
		r, err := b.start(ctx, variant, more)
		if err != nil {
			return nil, err
		}
		all.merge(r)
		if r.complete || try == restarts {
			return all, nil
		}
		for _, name := range r.topLevel(b.suite) {
			without = append(without, pattern(name))
		}
	}
}

// restarts is how often a binary is started again because a test ended its process.
const restarts = 8

func skipList(s *suite) []string {
	var names []string
	for name := range s.skip {
		names = append(names, pattern(name))
	}
	slices.Sort(names)
	return names
}

// start runs the binary once.
func (b *binary) start(ctx context.Context, variant string, args []string) (*result, error) {
	name := strings.TrimSuffix(filepath.Base(b.path), ".test") + "-" + cmp.Or(variant, "without")
	log, err := os.OpenFile(filepath.Join(b.log, name+".json"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(b.path), "test2json"),
		slices.Concat([]string{"-t", b.path, "-test.v=test2json", "-test.paniconexit0", "-test.timeout=30m"}, b.suite.args, args)...)
	cmd.Dir = b.dir
	cmd.Env = slices.Concat(os.Environ(), b.env, []string{"SPOR_PEERS=" + variant, "PWD=" + b.dir})
	if os.Getenv("GORACE") == "" { // else the race detector waits a second at the end of the process
		cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0")
	}
	if b.suite.env != nil {
		more, err := b.suite.env(ctx, b.log)
		if err != nil {
			return nil, err
		}
		cmd.Env = append(cmd.Env, more...)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stalled := time.AfterFunc(b.suite.patience(), func() { interrupt(cmd.Process.Pid) })
	r := read(io.TeeReader(out, log), func() { stalled.Reset(b.suite.patience()) })
	stalled.Stop()
	_ = cmd.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.took = time.Since(began)
	return r, nil
}

// interrupt asks the processes of a group for their goroutines, and ends them a little later.
func interrupt(group int) {
	_ = syscall.Kill(-group, syscall.SIGQUIT)
	time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(-group, syscall.SIGKILL) })
}

// read reads the events of test2json. It calls heard for each event.
func read(events io.Reader, heard func()) *result {
	r := &result{tests: map[string]outcome{}, started: -1, ended: -1}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return r
		}
		heard()
		var event struct{ Action, Test, Output string }
		if json.Unmarshal(line, &event) != nil {
			continue
		}
		r.take(event.Action, event.Test, event.Output)
	}
}

func (r *result) take(action, test, output string) {
	if spans, ok := strings.CutPrefix(output, "spor-peers: spans "); ok {
		first, second, _ := strings.Cut(strings.TrimSpace(spans), " ")
		r.started, _ = strconv.Atoi(first)
		r.ended, _ = strconv.Atoi(second)
	}
	if test == "" {
		r.complete = r.complete || output == "PASS\n" || output == "FAIL\n"
		return
	}
	switch action {
	case "run", "cont":
		r.tests[test] = unfinished
	case "pause":
		delete(r.tests, test)
	case "pass", "fail", "skip":
		r.tests[test] = outcome(action)
	}
}

// merge adds the outcomes of a further start.
func (r *result) merge(next *result) {
	maps.Copy(r.tests, next.tests)
	r.complete = next.complete
	if next.started >= 0 {
		r.started, r.ended = max(r.started, 0)+next.started, max(r.ended, 0)+next.ended
	}
	r.took += next.took
}

// topLevel returns the top-level tests of a suite that have begun, in order.
func (r *result) topLevel(s *suite) []string {
	var names []string
	for name := range r.tests {
		if s.counts(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
