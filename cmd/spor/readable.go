package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nais/spor/internal/display"
)

// A readableWriter writes log lines in JSON in a form that is easy to read, for a terminal. It
// writes everything else without a change and without delay.
type readableWriter struct {
	w     io.Writer
	color bool
	held  []byte // the beginning of a line that may be JSON
	plain bool   // the rest of the current line is not JSON
}

// Write writes p.
func (r *readableWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, rest, ends := bytes.Cut(p, []byte("\n"))
		if ends {
			line = p[:len(line)+1]
		}
		p = rest
		if err := r.part(line, ends); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// The method part writes a part of a line. If ends is true, it is the last part of the line.
func (r *readableWriter) part(text []byte, ends bool) error {
	if !r.plain && len(r.held) == 0 && text[0] != '{' || len(r.held)+len(text) > maxLine {
		r.plain = true
	}
	if r.plain {
		r.plain = !ends
		_, err := r.w.Write(append(r.held, text...))
		r.held = nil
		return err
	}
	r.held = append(r.held, text...)
	if !ends {
		return nil
	}
	line := r.held
	r.held = nil
	if text, ok := readable(line, r.color); ok {
		line = []byte(text)
	}
	_, err := r.w.Write(line)
	return err
}

// Close writes the rest.
func (r *readableWriter) Close() error {
	_, err := r.w.Write(r.held)
	r.held = nil
	return err
}

// The levels of the log lines, and their colours.
var levelColors = map[string]string{"ERROR": red, "WARN": "\x1b[33m", "INFO": green, "DEBUG": faint, "TRACE": faint}

// The function readable returns a log line as the time, the level, the message and the other
// fields. It reports false if the line is not a log line in JSON.
func readable(line []byte, color bool) (text string, ok bool) {
	fields, err := fieldsOf(line)
	if err != nil {
		return "", false
	}
	var l logLine
	for _, f := range fields {
		l.add(f.key, f.value)
	}
	if l.level == "" || l.message == "" {
		return "", false
	}
	return l.text(color), true
}

type field struct {
	key   string
	value json.RawMessage
}

// fieldsOf returns the fields of a JSON object in their order.
func fieldsOf(object []byte) ([]field, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, io.ErrUnexpectedEOF
	}
	var fields []field
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		f := field{key: key.(string)}
		if err := d.Decode(&f.value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return fields, nil
}

// A logLine is a log line in the form that NAIS reads, or in that of slog, zap or logrus.
type logLine struct {
	time, level, message, trace, stack string
	others                             []string
}

func (l *logLine) add(key string, value json.RawMessage) {
	var text string
	isText := json.Unmarshal(value, &text) == nil
	switch {
	case l.time == "" && slices.Contains([]string{"time", "timestamp", "@timestamp", "ts"}, key):
		l.time = clock(cmp.Or(text, string(value)))
	case isText && l.level == "" && (key == "level" || key == "severity"):
		l.level = strings.ToUpper(text)
	case isText && l.message == "" && (key == "message" || key == "msg"):
		l.message = text
	case isText && key == "trace_id":
		l.trace = text[:min(len(text), 8)]
	case isText && key == "span_id":
	case isText && l.stack == "" && (key == "stack_trace" || key == "stack" || key == "stacktrace"):
		l.stack = text
	default:
		if !isText || text == "" || strings.ContainsAny(text, " \"=\n\t") {
			text = string(value)
		}
		l.others = append(l.others, key+"="+text)
	}
}

// The function clock returns the local time of day of a time in RFC 3339, or in seconds since 1970.
func clock(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if s, numberErr := strconv.ParseFloat(text, 64); numberErr == nil && math.Abs(s) < 1e11 {
		at, err = time.UnixMilli(int64(s*1000)), nil
	}
	if err != nil {
		return text
	}
	return at.Local().Format("15:04:05.000")
}

func (l *logLine) text(color bool) string {
	paint := func(text, with string) string {
		if !color || with == "" {
			return text
		}
		return with + text + plain
	}
	var out strings.Builder
	if l.time != "" {
		out.WriteString(paint(display.Line(l.time), faint) + " ")
	}
	level := display.Line(l.level)
	out.WriteString(paint(pad(level, 6), levelColors[level]) + display.Line(l.message))
	for _, other := range l.others {
		out.WriteString("  " + display.Line(other))
	}
	if l.trace != "" {
		out.WriteString("  " + paint("trace="+display.Line(l.trace), faint))
	}
	out.WriteByte('\n')
	for line := range strings.Lines(l.stack) {
		out.WriteString("    " + display.Layout(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "  ")) + "\n")
	}
	return out.String()
}
