package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/nais/spor/internal/viewer"
)

// A TraceID selects one trace.
type TraceID struct {
	ID    string `json:"trace_id" jsonschema:"the ID of the trace, 32 hex digits"`
	Limit int    `json:"limit,omitempty" jsonschema:"return at most N spans and N log lines (default 100)"`
}

// A Trace is a trace with its critical path and its logs. The spans are in the order of a tree: a
// parent comes before its children.
type Trace struct {
	TraceSummary
	Complete  bool    `json:"complete" jsonschema:"false if spans are missing"`
	Critical  []Share `json:"critical_path" jsonschema:"where the time went: the operations that the caller waited for; the times add up to the duration of the root span"`
	Tree      []Node  `json:"tree"`
	MoreSpans int     `json:"more_spans" jsonschema:"number of spans that the limit leaves out"`
	Logs      []Log   `json:"logs"`
	MoreLogs  int     `json:"more_logs" jsonschema:"number of older log lines that the limit leaves out"`
}

// A Share is the time on the critical path of all spans with the same name, service and kind.
type Share struct {
	Name    string  `json:"name"`
	Service string  `json:"service"`
	Kind    string  `json:"kind,omitempty"`
	Time    float64 `json:"time_ms"`
	Spans   int     `json:"spans" jsonschema:"number of spans; many spans of one statement are a loop of queries"`
}

// A Node is a span of a [Trace].
type Node struct {
	ID       string  `json:"span_id"`
	Depth    int     `json:"depth"`
	Name     string  `json:"name"`
	Service  string  `json:"service"`
	Kind     string  `json:"kind,omitempty"`
	Offset   float64 `json:"offset_ms" jsonschema:"time since the start of the trace"`
	Duration float64 `json:"duration_ms"`
	Critical float64 `json:"critical_ms" jsonschema:"time that the caller waited for this span itself"`
	Failed   bool    `json:"failed,omitempty"`
	Orphan   bool    `json:"orphan,omitempty" jsonschema:"the parent span is missing"`
	Details  string  `json:"details,omitempty" jsonschema:"the most useful attributes"`
	Logs     int     `json:"logs,omitempty" jsonschema:"number of log lines of this span"`
}

// Trace returns one trace.
func (s *Source) Trace(ctx context.Context, q TraceID) (Trace, error) {
	if q.Limit < 0 {
		return Trace{}, invalid("limit \"%d\" (want a number)", q.Limit)
	}
	if q.Limit == 0 {
		q.Limit = spansByDefault
	}
	id := strings.ToLower(q.ID)
	if !isHex(id, 32) {
		return Trace{}, invalid("trace ID %q (want 32 hex digits)", q.ID)
	}
	var tree viewer.Tree
	if err := s.get(ctx, "traces/"+id, nil, &tree); err != nil {
		return Trace{}, fmt.Errorf("trace %s: %w", id, err)
	}
	logs, err := s.Logs(ctx, LogFilter{Trace: id, Limit: q.Limit})
	if err != nil {
		return Trace{}, err
	}
	answer := Trace{
		TraceSummary: summaryOf(tree.Summary), Complete: tree.Complete, Critical: []Share{}, Tree: []Node{},
		MoreSpans: max(0, len(tree.Rows)-q.Limit), Logs: logs.Logs, MoreLogs: logs.More,
	}
	for _, share := range tree.Path {
		answer.Critical = append(answer.Critical, Share{share.Name, share.Service, share.Kind, millis(share.Time), share.Spans})
	}
	for _, row := range tree.Rows[:min(len(tree.Rows), q.Limit)] {
		answer.Tree = append(answer.Tree, nodeOf(row, tree.Services))
	}
	return answer, nil
}

func nodeOf(row viewer.Row, services []string) Node {
	critical := int64(0)
	for _, part := range row.Critical {
		critical += part[1] - part[0]
	}
	return Node{
		ID: row.ID, Depth: row.Depth, Name: row.Name, Service: services[row.Service], Kind: row.Kind,
		Offset: millis(row.Start), Duration: millis(row.Duration), Critical: millis(critical),
		Failed: row.Failed, Orphan: row.Orphan, Details: row.Details, Logs: row.Logs,
	}
}

func isHex(text string, digits int) bool {
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == ""
}
