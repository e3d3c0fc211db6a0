// Loadgen sends GET requests to a service at a steady rate.
//
//	spor run -- go run ./loadgen --url http://localhost:8080/hello/nais --rate 2 --duration 10s
//
// Each request is a trace that begins here. The metrics are those of Prometheus's
// client, and are scraped at /metrics with OTEL_METRICS_EXPORTER=prometheus, else
// pushed.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/nais/spor/setup"
)

func main() {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	if err := command().ExecuteContext(context.Background()); err != nil {
		os.Exit(1)
	}
}

// command returns the command line.
func command() *cobra.Command {
	g := newGenerator()
	cmd := &cobra.Command{
		Use:          "loadgen",
		Short:        "Send GET requests to a service at a steady rate",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		PreRunE:      func(*cobra.Command, []string) error { return g.check() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return setup.Run(cmd.Context(), g.run, setup.WithGatherer(g.registry))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&g.url, "url", os.Getenv("LOADGEN_URL"), "what to ask for, else $LOADGEN_URL")
	flags.Float64Var(&g.rate, "rate", 1, "requests a second")
	flags.IntVar(&g.workers, "workers", 4, "requests at once, at most")
	flags.DurationVar(&g.timeout, "timeout", 10*time.Second, "how long a request may take")
	flags.DurationVar(&g.duration, "duration", 0, "how long to go on, 0 until it is stopped")
	flags.StringVar(&g.listen, "listen", os.Getenv("BIND_ADDRESS"), "address of /metrics and /internal/isalive, else $BIND_ADDRESS, none for nowhere")
	return cmd
}
