package crash

import "strings"

// runtimePanics contains the starts of all panics of the runtime that a program can cause. Their
// values implement the interface runtime.Error.
var runtimePanics = []string{
	"runtime error: ",
	"interface conversion: ",
	"assignment to entry in nil map",
	"send on closed channel",
	"close of closed channel",
	"close of nil channel",
	"panic called with nil argument",
}

// errorTypeOf returns the type of a panic's value, or "". The runtime writes the type only if the
// value is not a predeclared type, an error or a fmt.Stringer. In these examples, it is
// main.code:
//
//	panic: main.code("no answer")
//	panic: (main.code) 0xc000012345
func errorTypeOf(cause string) string {
	text, ok := strings.CutPrefix(cause, "panic: ")
	if !ok {
		return ""
	}
	for _, start := range runtimePanics {
		if strings.HasPrefix(text, start) {
			return "runtime.Error"
		}
	}
	name, rest, ok := strings.Cut(text, `("`)
	ok = ok && (strings.Contains(rest+"\n", "\")\n") || strings.Contains(rest, `") [recovered`))
	if rest, isOther := strings.CutPrefix(text, "("); isOther {
		name, _, ok = strings.Cut(rest, ") 0x")
	}
	if !ok || !strings.Contains(name, ".") || strings.ContainsAny(name, " \n\"") {
		return ""
	}
	return name
}
