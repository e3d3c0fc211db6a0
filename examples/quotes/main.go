// Quotes is two services in one binary that show spor: a gateway that people
// call, and a backend that keeps quotes and that the gateway calls.
//
// It serves, and sends itself light traffic, until it is stopped; with -once it
// sends one round of requests and ends. The gateway listens on PORT, or on a
// free loopback port.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"

	"github.com/nais/spor/setup"
)

func main() {
	once := flag.Bool("once", false, "send one round of requests, then stop")
	flag.Parse()
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))

	spans := &spanCounter{}
	err := setup.Run(context.Background(), func(ctx context.Context) error {
		return run(ctx, *once)
	}, setup.WithSpanProcessor(spans))
	slog.Info("stopped", "spans_ended", spans.ended.Load())
	if err != nil {
		os.Exit(1)
	}
}

// run starts the backend and the gateway, and stops them in the other order.
func run(ctx context.Context, once bool) error {
	backend, err := start(ctx, "127.0.0.1:0", newBackend().routes())
	if err != nil {
		return err
	}
	defer backend.stop(ctx)
	gateway, err := start(ctx, gatewayAddress(), newGateway(backend.url).routes())
	if err != nil {
		return err
	}
	defer gateway.stop(ctx)
	slog.InfoContext(ctx, "serving", "gateway", gateway.url, "backend", backend.url)

	if once {
		return round(ctx, gateway.url)
	}
	return lightTraffic(ctx, gateway.url)
}

func gatewayAddress() string {
	if port := os.Getenv("PORT"); port != "" {
		return ":" + port
	}
	return "127.0.0.1:0"
}
