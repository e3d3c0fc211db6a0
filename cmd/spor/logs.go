package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/query"
	"github.com/nais/spor/internal/display"
)

func (c *cli) logs() *cobra.Command {
	var f query.LogFilter
	return c.ask(&cobra.Command{
		Use:   "logs [flags]",
		Short: "List log lines",
		Long: `List the newest log lines, or those that the flags select: the lines that
programs under spor run have written, and the log records that programs have
sent over OTLP. The newest line is last.`,
		Example: `  spor logs --level error
  spor logs --trace 4bf92f3577b34da6a3ce929d0e0e4736 --json`,
		Args: cobra.NoArgs,
	}, &f, func(q *question, ctx context.Context, _ []string) error {
		list, err := q.source.Logs(ctx, f)
		if err != nil {
			return err
		}
		return q.print(list, func(t *table) {
			for _, l := range list.Logs {
				t.line(recordLine(l))
				t.stack(l.Stack)
			}
			t.left(len(list.Logs), list.Left, "log line")
		})
	})
}

func recordLine(l query.Log) string {
	parts := []string{l.Time, fmt.Sprintf("%-5s", strings.ToUpper(l.Level)), display.Line(l.Service) + ":", display.Line(l.Message)}
	for _, key := range slices.Sorted(maps.Keys(l.Fields)) {
		parts = append(parts, display.Line(key)+"="+display.Line(l.Fields[key]))
	}
	if l.Trace != "" {
		parts = append(parts, "trace_id="+l.Trace)
	}
	return strings.Join(parts, " ")
}

// The method values writes a title, and each value in one line, sorted by key.
func (t *table) values(title string, values map[string]string) {
	t.line(strings.TrimRight(title, " "))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		t.line("  " + display.Line(key) + " = " + display.Line(values[key]))
	}
}

// The method stack writes the lines of a stack.
func (t *table) stack(stack string) {
	for line := range strings.Lines(stack) {
		t.line("    " + strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "  "))
	}
}
