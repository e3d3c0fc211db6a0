package main

import (
	"io"
	"os"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/diagnosis"
)

// Main runs spor with the arguments and files, and returns the exit code.
func Main(args []string, in, out, err *os.File) int { return spor(args, stdio{in, out, err}) }

// Environ returns the environment of a command that spor run starts.
func Environ(base []string, name, namespace string, env []string) map[string]string {
	return naisEnviron(base, runOptions{name: name, namespace: namespace, env: env}, "http://127.0.0.1:4317")
}

// VersionText returns the text that spor version prints.
var VersionText = versionText

// MaxLine is the maximum number of bytes of a line.
const MaxLine = maxLine

// DrawTimeout is the longest time that Draw waits for the end of a line.
const DrawTimeout = drawTimeout

// Lines returns two functions of a lineSplitter. The function write adds input. The function
// end emits the last line.
func Lines(emit func(text string, continued bool)) (write func([]byte), end func()) {
	l := &lineSplitter{emit: emit}
	return l.write, l.end
}

// Screen returns the streams and the Draw method of a screen. The screen treats both out and err
// as a terminal.
func Screen(out, err io.Writer) (stdout, stderr io.Writer, draw func([]byte)) {
	s := newScreen(out, err, true)
	return s.stdout, s.stderr, s.Draw
}

// PrintTable writes a report with colours, as on a terminal.
func PrintTable(w io.Writer, r apm.Report) {
	t := table{w: w, width: fullWidth, color: true}
	t.report(r)
}

// Colors are the escape sequences for colours that a table writes.
var Colors = []string{green, red, faint, plain}

// PrintDiagnosis writes a report of spor doctor with one step and two variables. Every string
// in the step and in the variables has the value text.
func PrintDiagnosis(w io.Writer, text string) error {
	steps := []step{{Name: "environment", State: failed, Text: text, Cure: text}}
	report := &diagnosis.Report{Variables: []diagnosis.Variable{{Name: "OTEL_A", Value: text, Effective: text}, {Name: "OTEL_B", Effective: text}}}
	return printReport(w, doctorOptions{format: "text", all: true}, report, steps)
}

// GoRunName returns the name of the program that argv would run with the go command.
func GoRunName(argv []string) string { return goRunName(argv) }

// Readable returns a writer that makes log lines readable.
func Readable(w io.Writer, color bool) io.WriteCloser { return &readableWriter{w: w, color: color} }

// Limited returns a writer that writes at most n bytes.
func Limited(w io.Writer, n int) io.Writer { return &limitedWriter{w, n} }

// DetailsOf returns the lines that spor diff prints below an operation.
var DetailsOf = detailsOf
