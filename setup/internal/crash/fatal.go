package crash

import "strings"

// fatalErrors contains the fatal errors of the runtime. The runtime writes the text of a fatal
// error only to standard error, and only the stacks to the crash file. Therefore the function that
// stopped the process is the only sign of the cause. The first row that matches is used.
var fatalErrors = []struct{ function, cause string }{
	{"runtime.newstack(", "stack overflow (goroutine stack exceeds its limit)"},
	{"runtime.checkdead(", deadlock},
	{"runtime.(*mcache).allocLarge(", "out of memory"},
	{"runtime.(*mcache).refill(", "out of memory"},
	{"runtime.sysMapOS(", "out of memory"},
	{"runtime.persistentalloc1(", "out of memory"},
	{"runtime.stackalloc(", "out of memory"},
	{"runtime.stackpoolalloc(", "out of memory"},
	{"runtime.newosproc(", "failed to create new OS thread"},
	{"runtime.checkmcount(", "thread exhaustion (more OS threads than debug.SetMaxThreads allows)"},
	{"runtime.preprintpanics", "panic while printing panic value"},
	{"internal/runtime/maps.(*Iter)", "concurrent map iteration and map write"},
	{"runtime.mapaccess", "concurrent map read and map write"},
	{"runtime.mapassign", "concurrent map writes"},
	{"runtime.mapdelete", "concurrent map writes"},
	{"internal/runtime/maps.fatal(", "concurrent use of a map"},
	{"internal/sync.(*Mutex).unlockSlow(", "sync: unlock of unlocked mutex"},
	{"sync.(*RWMutex).Unlock(", "sync: Unlock of unlocked RWMutex"},
	{"sync.(*RWMutex).rUnlockSlow(", "sync: RUnlock of unlocked RWMutex"},
}

const deadlock = "all goroutines are asleep - deadlock!"

// causeOfFatal returns the cause of a fatal error, for which the crash file has no text. head is
// the text before the stacks. It contains only the signal, if a signal caused the error.
func causeOfFatal(head, stacks string) string {
	functions := firstFunctions(stacks)
	for _, row := range fatalErrors {
		for _, function := range functions {
			if strings.HasPrefix(function, row.function) {
				return "fatal error: " + row.cause
			}
		}
	}
	if _, signal, ok := strings.Cut(head, "[signal "); ok {
		signal, _, _ = strings.Cut(signal, " code=")
		return "fatal error: " + signal
	}
	if first := status(header(stacks)); first != "" && !strings.HasPrefix(first, "running") {
		return "fatal error: " + deadlock
	}
	return "fatal error: see the first function of stack_trace"
}

// firstFunctions returns the first three functions of the first stack. The first of them reports
// the error. Its callers show the cause.
func firstFunctions(stacks string) (functions []string) {
	_, rest, _ := strings.Cut(stacks, "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if line == "" || len(functions) == 3 {
			break
		}
		if line[0] != '\t' {
			functions = append(functions, line)
		}
	}
	return functions
}
