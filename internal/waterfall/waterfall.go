// Package waterfall draws a trace on a terminal. Each span has one line. The line is indented
// under the line of the parent span. It contains a bar that shows when the span was running. At
// most 200 spans are drawn.
//
// The text in spans is not trusted. It is drawn without control characters. It is cut at the
// width of the line.
package waterfall

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/tracetree"
)

const (
	defaultWidth = 100
	minWidth     = 40
	maxSpans     = 200 // maximum number of spans in a drawing; further spans are only counted
)

// A Style contains the settings for a drawing. The zero value means a width of 100 columns and
// no colour.
type Style struct {
	Width int // in columns; 0 means 100, and a value below 40 means 40
	Color bool
}

// Draw draws t, followed by an empty line. It calls w.Write once.
func Draw(w io.Writer, t *tracetree.Trace, style Style) error {
	if style.Width <= 0 {
		style.Width = defaultWidth
	}
	style.Width = max(style.Width, minWidth)
	p := &painter{style: style, services: services(t)}
	p.header(t)
	rows := rowsOf(t)
	scale := scaleOf(t)
	columns := columnsFor(rows, style.Width)
	for _, r := range rows {
		p.row(r, scale, columns)
	}
	if more := t.Spans - len(rows); more > 0 {
		p.line(cell{text: "  … and " + count(more, "more span"), color: faint})
	}
	p.line()
	_, err := w.Write(p.out.Bytes())
	return err
}

// The function services returns the names of the services in t. They are in the order of the
// first span of each service.
func services(t *tracetree.Trace) []string {
	var names []string
	for span := range t.All {
		if name := display.Line(span.Service()); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

type painter struct {
	style    Style
	services []string
	out      bytes.Buffer
}

type cell struct {
	text  string
	color color
}

// The method line draws cells as one line, and cuts the line at the width of the drawing.
func (p *painter) line(cells ...cell) {
	var line strings.Builder
	left := p.style.Width
	for _, c := range cells {
		c.text = cut(c.text, left)
		left -= width(c.text)
		if p.style.Color {
			c.text = c.color.paint(c.text)
		}
		line.WriteString(c.text)
	}
	p.out.WriteString(strings.TrimRight(line.String(), " "))
	p.out.WriteByte('\n')
}

func (p *painter) header(t *tracetree.Trace) {
	errors := 0
	for span := range t.All {
		if span.Failed() {
			errors++
		}
	}
	cells := []cell{
		{"trace ", faint},
		{t.ID.String(), bold},
		{"  " + duration(scaleOf(t).duration()) + "  " + count(t.Spans, "span"), plain},
	}
	if errors > 0 {
		cells = append(cells, cell{"  " + count(errors, "error"), red})
	}
	if t.Late > 0 {
		cells = append(cells, cell{"  again, with " + count(t.Late, "later span"), yellow})
	}
	if !t.Complete {
		cells = append(cells, cell{"  incomplete", yellow})
	}
	if t.Dropped > 0 {
		cells = append(cells, cell{": " + count(t.Dropped, "span") + " dropped, the trace is too large", yellow})
	}
	p.line(cells...)
}

func (p *painter) row(r row, s scale, c columns) {
	mark, name := cell{"  ", plain}, plain
	switch r.span.GetStatus().GetCode() {
	case tracepb.Status_STATUS_CODE_ERROR:
		mark, name = cell{"✗ ", red}, red
	case tracepb.Status_STATUS_CODE_OK:
		mark = cell{"✓ ", green}
	}
	service := display.Line(r.span.Service())
	guides := deepest(r.guides, c.label)
	p.line(
		mark,
		cell{guides, faint},
		cell{pad(cut(r.name, c.label-width(guides)), c.label-width(guides)) + gap, name},
		cell{pad(s.bar(r.span.Span, c.bar), c.bar) + gap, p.barColor(r, service)},
		cell{padLeft(r.duration, c.duration) + gap, plain},
		cell{pad(r.kind, c.kind) + " ", faint},
		cell{pad(cut(service, c.service), c.service) + gap, p.serviceColor(service)},
		cell{r.details, faint},
	)
	for _, n := range r.notes {
		p.line(cell{"  " + deepest(r.below, c.label), faint}, n)
	}
}

func (p *painter) barColor(r row, service string) color {
	if r.span.Failed() {
		return red
	}
	return p.serviceColor(service)
}

func (p *painter) serviceColor(service string) color {
	return palette[max(0, slices.Index(p.services, service))%len(palette)]
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
