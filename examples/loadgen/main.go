// Loadgen sends GET requests to a service at a steady rate.
//
//	spor run -- go run ./loadgen --url http://localhost:8080/hello/nais --rate 2 --duration 10s
//
// Each request starts a new trace. The program makes its metrics with the Prometheus client
// library. With OTEL_METRICS_EXPORTER=prometheus, the program serves the metrics at /metrics.
// Otherwise it pushes the metrics.
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
	flags.StringVar(&g.url, "url", os.Getenv("LOADGEN_URL"), "URL of the requests (default: $LOADGEN_URL)")
	flags.Float64Var(&g.rate, "rate", 1, "requests per second")
	flags.IntVar(&g.workers, "workers", 4, "maximum number of requests at the same time")
	flags.DurationVar(&g.timeout, "timeout", 10*time.Second, "timeout of a request")
	flags.DurationVar(&g.duration, "duration", 0, "how long to send requests; 0 means until the program is stopped")
	flags.StringVar(&g.listen, "listen", os.Getenv("BIND_ADDRESS"), "address for /metrics and /internal/isalive (default: $BIND_ADDRESS); empty means that they are not served")
	return cmd
}
