package waterfall

import (
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/tracetree"
)

// A row contains everything that is drawn for one span. It is made before the widths of the
// columns are known.
type row struct {
	span     *tracetree.Span
	guides   string // the tree lines before the name
	below    string // the tree lines before the notes
	name     string
	kind     string
	duration string
	details  string
	notes    []cell
}

// rowsOf returns the rows for the spans of t. It returns at most maxSpans rows.
func rowsOf(t *tracetree.Trace) []row {
	b := rowBuilder{trace: t.ID, spans: make(map[tracetree.SpanID]*tracetree.Span, t.Spans)}
	for s := range t.All {
		b.spans[tracetree.SpanID(s.GetSpanId())] = s
	}
	for _, root := range t.Roots {
		b.add(root, "", "")
	}
	return b.rows
}

type rowBuilder struct {
	trace tracetree.ID
	spans map[tracetree.SpanID]*tracetree.Span
	rows  []row
}

// add adds the row of s and the rows of its descendants. The argument guides contains the tree
// lines before the name of s. The argument past contains the tree lines before each line under
// the line of s.
func (b *rowBuilder) add(s *tracetree.Span, guides, past string) {
	if len(b.rows) == maxSpans {
		return
	}
	below := past + "  "
	if len(s.Children) > 0 {
		below = past + "│ "
	}
	b.rows = append(b.rows, row{
		span:     s,
		guides:   guides,
		below:    below,
		name:     nameOf(s),
		kind:     kindOf(s.GetKind()),
		duration: duration(elapsed(s.GetStartTimeUnixNano(), s.GetEndTimeUnixNano())),
		details:  Details(s.Span),
		notes:    b.notes(s),
	})
	for i, child := range s.Children {
		if i < len(s.Children)-1 {
			b.add(child, past+"├ ", past+"│ ")
		} else {
			b.add(child, past+"└ ", past+"  ")
		}
	}
}

func nameOf(s *tracetree.Span) string {
	if name := line(s.GetName()); name != "" {
		return name
	}
	return "(no name)"
}

func kindOf(k tracepb.Span_SpanKind) string {
	switch k {
	case tracepb.Span_SPAN_KIND_UNSPECIFIED:
		return ""
	case tracepb.Span_SPAN_KIND_INTERNAL, tracepb.Span_SPAN_KIND_SERVER, tracepb.Span_SPAN_KIND_CLIENT,
		tracepb.Span_SPAN_KIND_PRODUCER, tracepb.Span_SPAN_KIND_CONSUMER:
		return strings.ToLower(strings.TrimPrefix(k.String(), "SPAN_KIND_"))
	default:
		return "?"
	}
}

const gap = "  "

// columns are the widths of the columns in a drawing. The details are drawn in the rest of the
// line.
type columns struct{ label, bar, duration, kind, service int }

func columnsFor(rows []row, total int) columns {
	c := columns{label: 12}
	for _, r := range rows {
		c.label = max(c.label, width(r.guides)+width(r.name))
		c.duration = max(c.duration, width(r.duration))
		c.kind = max(c.kind, width(r.kind))
		c.service = max(c.service, width(display.Line(r.span.Service())))
	}
	c.label = min(c.label, total*3/8)
	c.service = min(c.service, total/6)
	left := total - width("✗ ") - c.label - c.duration - c.kind - c.service - 5*len(gap)
	c.bar = min(max(left*2/5, 12), 40)
	return c
}

// The function deepest shortens guides, so that there is enough space for a name. If guides is
// longer than half of a label, deepest removes the beginning of guides. The argument label is the
// width of a label in columns.
func deepest(guides string, label int) string {
	most := label / 2
	runes := []rune(guides)
	if len(runes) <= most {
		return guides
	}
	return "…" + string(runes[len(runes)-most+1:])
}
