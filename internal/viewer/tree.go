package viewer

import (
	"cmp"
	"maps"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
	"github.com/nais/spor/internal/waterfall"
)

// A Tree is a trace in the form that a page draws.
type Tree struct {
	Summary
	Revision uint64  `json:"revision"`
	Version  string  `json:"version"` // the version changes when spans or logs are added to the trace
	Complete bool    `json:"complete"`
	Waited   int64   `json:"waited"` // length of the critical path, in ns
	Rows     []Row   `json:"rows"`   // one row per span; the row of a parent comes before the rows of its children
	Path     []Share `json:"path"`   // shares of the critical path; the largest share is first
}

// A Row is a span of a [Tree]. Its times are in ns since the start of the trace. The JSON keys
// are short, because a trace may have many spans.
type Row struct {
	ID       string     `json:"i"`
	Parent   int        `json:"p"` // index of the row of the parent, -1 for a root
	Depth    int        `json:"d,omitempty"`
	Name     string     `json:"n"`
	Service  int        `json:"s,omitempty"` // index of the service in Summary.Services
	Kind     string     `json:"k,omitempty"`
	System   string     `json:"y,omitempty"` // the database system or the messaging system
	Failed   bool       `json:"e,omitempty"`
	Start    int64      `json:"t"`
	Duration int64      `json:"u"`
	Details  string     `json:"x,omitempty"`
	Critical [][2]int64 `json:"c,omitempty"` // start and end of each part on the critical path
	Orphan   bool       `json:"o,omitempty"` // the parent should be in the trace but did not arrive
	Links    int        `json:"l,omitempty"`
	Logs     int        `json:"g,omitempty"`
}

// A Share is a part of the critical path. It belongs to all spans on the path that have the
// same name, service and kind.
type Share struct {
	Name    string `json:"name"`
	Service string `json:"service"`
	Kind    string `json:"kind"`
	Time    int64  `json:"time"` // ns
	Spans   int    `json:"spans"`
	First   string `json:"first"` // the smallest span ID of these spans
}

// newTree returns the tree of t. logs contains the number of log records for each span.
func newTree(t *trace, logs map[tracetree.SpanID]int) Tree {
	built := tracetree.Build(t.id, maps.Values(t.spans))
	tree := Tree{
		Summary: t.summary(), Complete: built.Complete && t.dropped == 0, Rows: make([]Row, 0, built.Spans),
	}
	services := map[string]int{}
	for i, name := range tree.Services {
		services[name] = i
	}
	path := map[*tracetree.Span][]stretch{}
	if root := mainRoot(built, t.root); root != nil {
		path = criticalPath(root)
		tree.Waited = elapsed(root.GetStartTimeUnixNano(), root.GetEndTimeUnixNano())
	}
	var ancestors []int // the row of the current span and the rows of its ancestors, by depth
	for span, depth := range built.All {
		parent := -1
		if depth > 0 {
			parent = ancestors[depth-1]
		}
		ancestors = append(ancestors[:depth], len(tree.Rows))
		row := Row{
			ID: tracetree.SpanID(span.GetSpanId()).String(), Parent: parent, Depth: depth,
			Name: nameOf(span), Service: services[span.Service()], Kind: kindOf(span), System: systemOf(span), Failed: span.Failed(),
			Start: elapsed(t.start, span.GetStartTimeUnixNano()), Duration: durationOf(span),
			Details: waterfall.Details(span.Span), Orphan: span.Orphan, Links: len(span.GetLinks()),
			Logs: logs[tracetree.SpanID(span.GetSpanId())],
		}
		for _, part := range path[span] {
			row.Critical = append(row.Critical, [2]int64{elapsed(t.start, part.from), elapsed(t.start, part.to)})
		}
		tree.Rows = append(tree.Rows, row)
	}
	tree.Path = sharesOf(path)
	return tree
}

// mainRoot returns one of the roots of t. This is the root with the same ID as the argument
// root. If there is no such root, it returns the first root of t. If t has no roots, it returns
// nil.
func mainRoot(t *tracetree.Trace, root *tracetree.Span) *tracetree.Span {
	for _, r := range t.Roots {
		if root != nil && slices.Equal(r.GetSpanId(), root.GetSpanId()) {
			return r
		}
	}
	if len(t.Roots) > 0 {
		return t.Roots[0]
	}
	return nil
}

// systemOf returns the database system that s calls. If s is the span of a message, it returns
// the messaging system.
func systemOf(s *tracetree.Span) string {
	keys := []string{"messaging.system"}
	if s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT {
		keys = []string{"db.system.name", "messaging.system"}
	}
	return otlpattr.First(s.GetAttributes(), keys...)
}

func durationOf(s *tracetree.Span) int64 {
	return elapsed(s.GetStartTimeUnixNano(), s.GetEndTimeUnixNano())
}

func sharesOf(path map[*tracetree.Span][]stretch) []Share {
	type key struct{ name, service, kind string }
	shares := map[key]*Share{}
	for span, parts := range path {
		k := key{nameOf(span), span.Service(), kindOf(span)}
		id := tracetree.SpanID(span.GetSpanId()).String()
		share := shares[k]
		if share == nil {
			share = &Share{Name: k.name, Service: k.service, Kind: k.kind, First: id}
			shares[k] = share
		}
		share.Spans++
		share.First = min(share.First, id)
		for _, part := range parts {
			share.Time += elapsed(part.from, part.to)
		}
	}
	sorted := make([]Share, 0, len(shares))
	for _, share := range shares {
		sorted = append(sorted, *share)
	}
	slices.SortFunc(sorted, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Kind, b.Kind))
	})
	return sorted
}
