package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/query"
)

func (c *cli) panels() *cobra.Command {
	var f query.PanelFilter
	return c.ask(&cobra.Command{
		Use:   "panels [flags]",
		Short: "Print which panels of Nais APM have data",
		Long: `Print what spor check prints: for each service and each panel of Nais APM,
whether the panel is lit, dark or not used, why, and the cure. The exit code does
not depend on the result.`,
		Example: `  spor panels --state dark`,
		Args:    cobra.NoArgs,
	}, &f, func(q *question, ctx context.Context, _ []string) error {
		list, err := q.source.Panels(ctx, f)
		if err != nil {
			return err
		}
		return q.print(list, func(t *table) {
			t.reports(list.Services)
			t.left(len(list.Services), query.Left{}, "panel")
		})
	})
}
