package crash_test

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// crashes contains the ways in which a Go program dies, by the names in testdata/crasher.
var crashes = map[string]struct {
	cause     string // of the field error
	cause2    string // with the stacks of the runtime's own functions, if it is different
	errorType string
	frame     string // a function in the stack of the goroutine that crashed
	fatal     bool   // the runtime writes only stacks to the crash file
	waiting   bool   // no goroutine crashed
}{
	"string":          {cause: "panic: boom"},
	"empty":           {cause: "panic:"},
	"lines":           {cause: "panic: boom\n\ngoroutine 1 [running]:\nmain.x()\nruntime stack:\nPC=1\n[signal x]\nend"},
	"long":            {cause: strings.TrimSuffix(("panic: " + strings.Repeat("boom\n", 4000))[:16<<10], "\n")},
	"header":          {cause: "panic: goroutine 1 [running]:"},
	"person":          {cause: "panic: person *********** password=REDACTED"},
	"error":           {cause: "panic: no answer"},
	"custom error":    {cause: "panic: code 7"},
	"custom text":     {cause: "panic: main.text(\"a\nb\")", errorType: "main.text"},
	"custom struct":   {cause: "panic: (main.pair) 0x", errorType: "main.pair"},
	"custom pointer":  {cause: "panic: (*main.pair) 0x", errorType: "*main.pair"},
	"int":             {cause: "panic: 42"},
	"nil":             {cause: "panic: panic called with nil argument", errorType: "runtime.Error"},
	"index":           {cause: "panic: runtime error: index out of range [3] with length 0", errorType: "runtime.Error"},
	"slice":           {cause: "panic: runtime error: slice bounds out of range [3:0]", errorType: "runtime.Error"},
	"division":        {cause: "panic: runtime error: integer divide by zero", errorType: "runtime.Error"},
	"conversion":      {cause: "panic: interface conversion: interface {} is string, not int", errorType: "runtime.Error"},
	"nil map":         {cause: "panic: assignment to entry in nil map", errorType: "runtime.Error"},
	"nil pointer":     {cause: "panic: runtime error: invalid memory address or nil pointer dereference", errorType: "runtime.Error"},
	"closed channel":  {cause: "panic: send on closed channel", errorType: "runtime.Error"},
	"close twice":     {cause: "panic: close of closed channel", errorType: "runtime.Error"},
	"repanic":         {cause: "panic: boom [recovered, repanicked]"},
	"wrapped panic":   {cause: "panic: boom [recovered]\npanic: again: boom"},
	"nested":          {cause: "panic: first\npanic: second\npanic: third"},
	"after goexit":    {cause: "panic: boom", frame: "runtime.Goexit("},
	"makeslice":       {cause: "panic: runtime error: makeslice: len out of range", errorType: "runtime.Error"},
	"panic on fault":  {cause: "panic: runtime error: invalid memory address or nil pointer dereference", errorType: "runtime.Error", frame: "main.fault("},
	"panicking error": {cause: "fatal error: panic while printing panic value", fatal: true, frame: "main.bad.Error("},
	"deadlock":        {cause: "fatal error: all goroutines are asleep - deadlock!", fatal: true, waiting: true, frame: "main.main("},
	"map writes":      {cause: "fatal error: concurrent use of a map", cause2: "fatal error: concurrent map writes", fatal: true, frame: "main.write.func1("},
	"map read":        {cause: "fatal error: concurrent use of a map", cause2: "fatal error: concurrent map read and map write", fatal: true},
	"map iteration":   {cause: "fatal error: concurrent map iteration and map write", fatal: true},
	"unlock":          {cause: "fatal error: sync: unlock of unlocked mutex", fatal: true},
	"rw unlock":       {cause: "fatal error: sync: Unlock of unlocked RWMutex", fatal: true},
	"rw runlock":      {cause: "fatal error: sync: RUnlock of unlocked RWMutex", fatal: true},
	"overflow":        {cause: "fatal error: stack overflow (goroutine stack exceeds its limit)", fatal: true, frame: "main.overflow("},
	"memory":          {cause: "fatal error: out of memory", fatal: true},
	"threads":         {cause: "fatal error: thread exhaustion", fatal: true, waiting: true, frame: "main."},
	"fault":           {cause: "fatal error: SIGSEGV: segmentation violation", fatal: true, frame: "main.fault("},
	"abort":           {cause: "SIGABRT: abort", frame: "main.send("},
	"quit":            {cause: "SIGQUIT: quit", frame: "main.send("},
	"segv":            {cause: "SIGSEGV: segmentation violation", frame: "main.send("},
}

// TestCrashesOfPrograms crashes a program in every way, with every value of GOTRACEBACK.
func TestCrashesOfPrograms(t *testing.T) {
	t.Parallel()
	program := build(t)
	for kind, want := range crashes {
		for _, traceback := range []string{"none", "single", "all", "system", "crash"} {
			t.Run(kind+" "+traceback, func(t *testing.T) {
				t.Parallel()
				text, line := crashed(t, program, kind, traceback)
				if traceback == "none" && text == "" && want.fatal {
					return // there is nothing to log
				}
				cause := want.cause
				if verbose := traceback == "system" || traceback == "crash"; verbose && want.cause2 != "" {
					cause = want.cause2
				}
				if got := field(line, "error"); !strings.HasPrefix(got, cause) || len(got) > len(cause)+80 ||
					line["level"] != "ERROR" || line["message"] != "the previous process crashed" {
					t.Errorf("got %v and error %q, want %q\n%.2000s", line["message"], got, cause, text)
				}
				if got := field(line, "error.type"); got != want.errorType {
					t.Errorf("error.type: got %q, want %q", got, want.errorType)
				}
				if !strings.Contains(text, "\ngoroutine ") {
					return
				}
				frame := cmp.Or(want.frame, "main.init.func")
				if got := firstGoroutine(field(line, "stack_trace")); !strings.Contains(got, frame) {
					t.Errorf("the first goroutine of stack_trace: got %q, want %s\n%.2000s", got, frame, text)
				}
				wantIDs := "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331"
				if want.waiting {
					wantIDs = " "
				}
				// With too many threads, it is not certain that a goroutine was running.
				if got := field(line, "trace_id") + " " + field(line, "span_id"); got != wantIDs && kind != "threads" {
					t.Errorf("IDs: got %q, want %q", got, wantIDs)
				}
			})
		}
	}
}

// TestCrashWithoutLabels crashes a program in the way of Go 1.26 without GODEBUG.
func TestCrashWithoutLabels(t *testing.T) {
	cmd := exec.Command(build(t), filepath.Join(t.TempDir(), "crash.log"), "string")
	cmd.Env = append(os.Environ(), "GODEBUG=tracebacklabels=0")
	_ = cmd.Run()
	if line := keep(t, cmd.Args[1]); field(line, "error") != "panic: boom" || field(line, "trace_id")+field(line, "span_id") != "" {
		t.Errorf("got %v", line)
	}
}

func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "crasher")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/crasher")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // because the runtime finds no deadlock with cgo
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// crashed runs program until it crashes. It returns the text in the crash file, and the line for
// it at the next start.
func crashed(t *testing.T, program, kind, traceback string) (text string, line map[string]any) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "crash.log")
	cmd := exec.CommandContext(t.Context(), program, file, kind)
	cmd.Dir = t.TempDir() // for a core dump
	cmd.Env = append(os.Environ(), "GODEBUG=tracebacklabels=1", "GOTRACEBACK="+traceback)
	out, err := cmd.CombinedOutput()
	if err == nil || bytes.Contains(out, []byte("level=WARN")) {
		t.Fatalf("got %v, %s, want a crash", err, out)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(written), keep(t, file)
}

// firstGoroutine returns the stack of the first goroutine in stacks.
func firstGoroutine(stacks string) string {
	_, rest, _ := strings.Cut("\n"+stacks, "\ngoroutine ")
	first, _, _ := strings.Cut(rest, "\n\n")
	return first
}
