package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/query"
	"github.com/nais/spor/internal/display"
)

func (c *cli) traces() *cobra.Command {
	var f query.TraceFilter
	return c.ask(&cobra.Command{
		Use:   "traces [flags] [TRACE [SPAN]]",
		Short: "List traces, or print one trace or one span",
		Long: `List the newest traces, or those that the flags select. With the ID of a trace,
print its spans, its critical path and its log lines. With the ID of a span too,
print all attributes and events of the span.`,
		Example: `  spor traces --slowest --limit 5
  spor traces --service orders --status error
  spor traces 4bf92f3577b34da6a3ce929d0e0e4736`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && isFile(args[0]) {
				return fmt.Errorf("%q is not the ID of a trace (to read a recording: --file %[1]s)", args[0])
			}
			return cobra.MaximumNArgs(2)(cmd, args)
		},
	}, &f, func(q *question, ctx context.Context, args []string) error {
		switch len(args) {
		case 0:
			return q.traces(ctx, f)
		case 1:
			return q.trace(ctx, query.TraceID{ID: args[0], Limit: f.Limit})
		}
		return q.span(ctx, query.SpanID{Trace: args[0], ID: args[1]})
	})
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func (q *question) traces(ctx context.Context, f query.TraceFilter) error {
	list, err := q.source.Traces(ctx, f)
	if err != nil {
		return err
	}
	return q.print(list, func(t *table) {
		for _, each := range list.Traces {
			t.line(each.ID + "  " + traceLine(each))
		}
		t.left(len(list.Traces), list.Left, "trace")
	})
}

func traceLine(t query.TraceSummary) string {
	line := fmt.Sprintf("%s  %9s  %s (%s; %s", t.Start, ms(t.Duration), display.Line(t.Name), display.Line(strings.Join(t.Services, ", ")), count(t.Spans, "span"))
	if t.Errors > 0 {
		line += ", " + count(t.Errors, "error")
	}
	return line + ")"
}

func (q *question) trace(ctx context.Context, id query.TraceID) error {
	trace, err := q.source.Trace(ctx, id)
	if err != nil {
		return err
	}
	return q.print(trace, func(t *table) { t.trace(trace) })
}

func (t *table) trace(trace query.Trace) {
	t.line(trace.ID + "  " + traceLine(trace.TraceSummary))
	if !trace.Complete {
		t.line("spans of this trace are missing")
	}
	t.line("")
	t.line("Spans: start, duration, time on the critical path")
	for _, n := range trace.Tree {
		t.line(nodeLine(n))
	}
	if trace.MoreSpans > 0 {
		t.line(fmt.Sprintf("  … %s more (--limit N shows more)", count(trace.MoreSpans, "span")))
	}
	t.line("")
	t.line("Critical path: where the time went")
	for _, s := range trace.Critical {
		t.line(fmt.Sprintf("  %9s  %s (%s, %s)", ms(s.Time), display.Line(s.Name), display.Line(s.Service), count(s.Spans, "span")))
	}
	t.line("")
	t.line("Logs")
	for _, l := range trace.Logs {
		t.line("  " + recordLine(l))
	}
	t.left(len(trace.Logs), query.Left{More: trace.MoreLogs}, "log line")
}

func nodeLine(n query.Node) string {
	critical := ""
	if n.Critical > 0 {
		critical = ms(n.Critical)
	}
	line := fmt.Sprintf("  %s  +%-9s %9s %9s  %s%s (%s)", n.ID, ms(n.Offset), ms(n.Duration), critical,
		strings.Repeat("  ", n.Depth), display.Line(n.Name), display.Line(strings.Trim(n.Service+", "+n.Kind, ", ")))
	if n.Failed {
		line += " ERROR"
	}
	return line + strings.TrimRight("  "+display.Line(n.Details), " ")
}

func (q *question) span(ctx context.Context, id query.SpanID) error {
	span, err := q.source.Span(ctx, id)
	if err != nil {
		return err
	}
	return q.print(span, func(t *table) { t.span(span) })
}

func (t *table) span(s query.Span) {
	t.line(fmt.Sprintf("%s  %s  %s  %s (%s)", s.ID, s.Start, ms(s.Duration), display.Line(s.Name), display.Line(strings.Trim(s.Service+", "+s.Kind, ", "))))
	t.line("status: " + strings.TrimRight(s.Status+" "+display.Line(s.Message), " "))
	if s.Parent != "" {
		t.line("parent: " + s.Parent)
	}
	t.values("Attributes", s.Attributes)
	for _, e := range s.Events {
		t.values(fmt.Sprintf("Event %s at +%s %s", display.Line(e.Name), ms(e.Offset), display.Line(e.Exception)), e.Attributes)
		t.stack(e.Stack)
	}
	for _, l := range s.Links {
		t.line(fmt.Sprintf("Link to span %s of trace %s %s", l.Span, l.Trace, display.Line(l.Name)))
	}
	t.values("Resource", s.Resource)
}
