package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/display"
)

type table struct {
	w     io.Writer
	width int // number of columns of the terminal, 0 if w is not a terminal
	color bool
	err   error // the error of the first write that failed
}

// newTable returns a table that fits out. It has colours if out is a terminal, unless the
// environment turns them off.
func newTable(out *os.File) *table {
	return &table{w: out, width: process.Width(out), color: hasColor(out)}
}

const (
	stateColumn = 10 // the column where the name of the panel starts
	textColumn  = 42 // the column where the evidence starts
	fullWidth   = 80 // the minimum width, also used for a narrower terminal
)

const (
	green = "\x1b[32m"
	red   = "\x1b[31m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

// The method line writes text as one line. The text may come from the checked program, so line
// removes everything that is not safe to print.
func (t *table) line(text string) { t.write(display.Layout(text)) }

func (t *table) write(text string) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, text)
	}
}

func (t *table) reports(reports []apm.Report) {
	for i, r := range reports {
		if i > 0 {
			t.line("")
		}
		t.report(r)
	}
}

func (t *table) report(r apm.Report) {
	t.line(fmt.Sprintf("%s: %s, %s, %s", display.Line(r.Service), count(r.Spans, "span"), count(r.Series, "metric"), count(r.Lines+r.Records, "log line")))
	t.line("")
	for _, v := range r.Panels {
		t.verdict(v)
	}
	for i, f := range r.Findings {
		t.finding(f)
		if last := i == len(r.Findings)-1; last || r.Findings[i+1].Cure != f.Cure {
			t.cure(f.Cure)
		}
	}
	t.edges(r)
	t.line("")
	t.line(summaryOf(r))
}

func (t *table) verdict(v apm.Verdict) {
	switch v.State {
	case apm.Lit:
		t.row(green, "lit", v.Panel, cut(display.Line(v.Evidence), t.columns()-textColumn))
	case apm.Dark:
		t.row(red, "dark", v.Panel, madeBy(v))
		for _, cure := range v.Cures {
			t.cure(cure)
		}
	default:
		t.row(faint, string(v.State), v.Panel, "")
	}
}

// madeBy returns what a panel lacks, and the libraries whose spans lack it.
func madeBy(v apm.Verdict) string {
	if len(v.Libraries) == 0 {
		return v.Evidence
	}
	return v.Evidence + "; spans of " + strings.Join(v.Libraries, ", ")
}

func (t *table) finding(f apm.Finding) {
	place := f.Place
	if f.Count > 1 {
		place += fmt.Sprintf(" (%d times)", f.Count)
	}
	t.row(red, "found", f.Kind, place)
}

// The method row writes one row: a state, a name and a text. If the text is too long for one
// line, the text continues in the same column of the next line.
func (t *table) row(color, state, name, text string) {
	state, name = pad(display.Line(state), stateColumn), pad(display.Line(name), textColumn-stateColumn)
	if t.color {
		state = color + state + plain
	}
	for i, part := range wrap(display.Line(text), t.columns()-textColumn) {
		if i > 0 {
			state, name = strings.Repeat(" ", textColumn), ""
		}
		t.write(strings.TrimRight(state+name+part, " "))
	}
}

func (t *table) cure(text string) { t.indented("cure: ", text) }

// The method indented writes text below the names of the panels, with head before it.
func (t *table) indented(head, text string) {
	head = strings.Repeat(" ", stateColumn) + head
	for _, part := range wrap(display.Line(text), t.columns()-len(head)) {
		t.line(head + part)
		head = strings.Repeat(" ", len(head))
	}
}

func (t *table) edges(r apm.Report) {
	if len(r.Edges) == 0 {
		return
	}
	t.line("")
	for _, e := range r.Edges {
		kind := e.Type
		if kind == "" {
			kind = "calls"
		}
		t.line(fmt.Sprintf("edge      %s -> %s (%s, %d)", display.Line(e.Client), display.Line(e.Server), strings.ReplaceAll(kind, "_", " "), e.Count))
	}
}

// The method columns returns the width of the lines. If w is not a terminal, no line is cut or
// wrapped.
func (t *table) columns() int {
	if t.width == 0 {
		return math.MaxInt32
	}
	return max(t.width, fullWidth)
}

func summaryOf(r apm.Report) string {
	counts := map[apm.State]int{}
	for _, v := range r.Panels {
		counts[v.State]++
	}
	text := fmt.Sprintf("%s: %d lit, %d dark, %d not used", count(len(r.Panels), "panel"), counts[apm.Lit], counts[apm.Dark], counts[apm.NotUsed])
	if len(r.Findings) > 0 {
		text += "; " + count(len(r.Findings), "finding")
	}
	return text
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 1))
}

// The function cut returns the first width characters of text, or all of text if text is shorter.
func cut(text string, width int) string {
	if characters := []rune(text); len(characters) > width {
		return strings.TrimRight(string(characters[:width-1]), " ;,") + "…"
	}
	return text
}

// The function wrap splits text at white space into lines of at most width characters. It also
// splits words that are longer than a line. It returns at least one line.
func wrap(text string, width int) []string {
	var lines []string
	var line strings.Builder
	for word := range strings.FieldsSeq(text) {
		for utf8.RuneCountInString(word) > width {
			if line.Len() > 0 {
				lines = append(lines, line.String())
				line.Reset()
			}
			characters := []rune(word)
			lines = append(lines, string(characters[:width]))
			word = string(characters[width:])
		}
		if line.Len() > 0 && utf8.RuneCountInString(line.String())+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line.String())
			line.Reset()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	return append(lines, line.String())
}
