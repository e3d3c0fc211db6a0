package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/query"
	"github.com/nais/spor/internal/display"
)

func (c *cli) metrics() *cobra.Command {
	var f query.MetricFilter
	return c.ask(&cobra.Command{
		Use:   "metrics [flags]",
		Short: "List metrics",
		Long: `List metrics with the newest, the lowest and the highest value of each series.
The value of a counter is the rate per second. The value of a histogram is the
95th percentile, or the mean if it has no buckets.`,
		Example: `  spor metrics --service orders --text http.server
  spor metrics --text goroutines --points 10 --json`,
		Args: cobra.NoArgs,
	}, &f, func(q *question, ctx context.Context, _ []string) error {
		list, err := q.source.Metrics(ctx, f)
		if err != nil {
			return err
		}
		return q.print(list, func(t *table) {
			for _, m := range list.Metrics {
				t.metric(m)
			}
			t.left(len(list.Metrics), query.Left{More: list.More}, "metric")
		})
	})
}

func (t *table) metric(m query.Metric) {
	t.line(strings.TrimRight(fmt.Sprintf("%s (%s) %s", display.Line(m.Name), m.Kind, display.Line(m.Unit)), " "))
	for _, s := range m.Series {
		value := "no value yet"
		if s.Newest != nil {
			value = fmt.Sprintf("%.6g (%.6g to %.6g)", *s.Newest, *s.Min, *s.Max)
		}
		t.line("  " + pad(value, 34) + display.Line(s.Service+" "+s.Labels))
		for _, p := range s.Points {
			t.line(fmt.Sprintf("    %s  %.6g", p.Time, p.Value))
		}
	}
	if m.More > 0 {
		t.line(fmt.Sprintf("  … %d more series", m.More))
	}
}
