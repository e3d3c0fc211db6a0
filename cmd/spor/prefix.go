package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// prefixes are the beginnings of the lines of several services.
type prefixes struct {
	texts    []string
	color    bool
	readable bool // log lines in JSON are made readable
}

// The colours of foreman.
var prefixColors = []string{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m"}

func prefixesOf(entries []entry, color, readable bool) *prefixes {
	width := 0
	for _, e := range entries {
		width = max(width, utf8.RuneCountInString(e.name))
	}
	p := &prefixes{color: color, readable: readable}
	for i, e := range entries {
		text := pad(e.name, width+1) + "| "
		if color {
			text = prefixColors[i%len(prefixColors)] + text + plain
		}
		p.texts = append(p.texts, text)
	}
	return p
}

// The method writer returns a writer for the output of the service i. It writes whole lines to w.
func (p *prefixes) writer(i int, w io.Writer) io.Writer {
	prefixed := &prefixedWriter{prefixes: p, prefix: p.texts[i], w: w}
	prefixed.lines.emit = prefixed.line
	return prefixed
}

type prefixedWriter struct {
	prefixes *prefixes
	prefix   string
	w        io.Writer
	lines    lineSplitter
	err      error
}

// Write writes the lines that p completes.
func (w *prefixedWriter) Write(p []byte) (int, error) {
	w.lines.write(p)
	return len(p), w.err
}

// Close writes the last line, if it has no newline.
func (w *prefixedWriter) Close() error {
	w.lines.end()
	return w.err
}

func (w *prefixedWriter) line(text string, _ bool) {
	if w.prefixes.readable {
		if better, ok := readable([]byte(text), w.prefixes.color); ok {
			text = strings.TrimSuffix(better, "\n")
		}
	}
	text = w.prefix + strings.ReplaceAll(text, "\n", "\n"+w.prefix) + "\n"
	if _, err := io.WriteString(w.w, text); err != nil {
		w.err = err
	}
}
