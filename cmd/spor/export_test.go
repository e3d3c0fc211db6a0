package main

import (
	"io"
	"os"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/diagnosis"
)

// For the tests, which are of package main_test.

// Main is main with its arguments and files.
func Main(args []string, in, out, err *os.File) int { return spor(args, stdio{in, out, err}) }

// Environ is the environment of a command.
func Environ(base []string, name, namespace string, env []string) map[string]string {
	return naisEnviron(base, runOptions{name: name, namespace: namespace, env: env}, "http://127.0.0.1:4317")
}

// VersionText is the text of spor version.
var VersionText = versionText

// MaxLine is the longest line.
const MaxLine = maxLine

// DrawTimeout is how long a drawing waits for the end of a line.
const DrawTimeout = drawTimeout

// Lines returns the writer that cuts lines, and what ends it.
func Lines(emit func(text string, continued bool)) (write func([]byte), end func()) {
	l := &lineSplitter{emit: emit}
	return l.write, l.end
}

// Screen returns the parts of a screen on out and err, both a terminal.
func Screen(out, err io.Writer) (stdout, stderr io.Writer, draw func([]byte)) {
	s := newScreen(out, err, true)
	return s.stdout, s.stderr, s.Draw
}

// PrintTable writes a report as on a terminal with colours.
func PrintTable(w io.Writer, r apm.Report) {
	t := table{w: w, width: fullWidth, color: true}
	t.report(r)
}

// Colors are what a table writes beside text.
var Colors = []string{green, red, faint, plain}

// PrintDiagnosis writes what the doctor found, each text of it being text.
func PrintDiagnosis(w io.Writer, text string) error {
	steps := []step{{Name: "environment", State: failed, Text: text, Cure: text}}
	report := &diagnosis.Report{Variables: []diagnosis.Variable{{Name: "OTEL_A", Value: text, Effective: text}, {Name: "OTEL_B", Effective: text}}}
	return tell(w, doctorOptions{format: "text", all: true}, report, steps)
}
