// Quotes shows spor in three services:
//
//   - The gateway serves users over HTTP. It calls the backend and the worker.
//   - The backend serves gRPC. It stores quotes in PostgreSQL or SQLite, and sends an
//     event to Kafka for each new quote.
//   - The worker reads the events and counts the quotes of each author. It serves these
//     numbers over HTTP.
//
// The argument gateway, backend or worker runs one of them. Without an argument, all three run in
// one process. Until it is stopped, the gateway serves requests, and sends one round of requests
// per second to itself. With the flag -once, it sends only one round of requests and ends.
//
// The program reads these environment variables:
//   - PORT is the port of the gateway. Without it, the gateway listens on a free port of
//     the loopback address.
//   - BACKEND_ADDRESS and WORKER_ADDRESS are the addresses of the backend and the worker, if each
//     runs in a process of its own.
//   - KAFKA_BROKERS lists the Kafka brokers. The paths of the certificates are in three
//     other variables, which NAIS sets. Without KAFKA_BROKERS, the program runs a Kafka cluster
//     in its own process, on the port FAKE_KAFKA_PORT or a free port.
//   - KAFKA_TOPIC is the topic. The default is quotes.created.
//   - PGURL, NAIS_DATABASE_*_URL or DATABASE_URL is the URL of PostgreSQL. If none of
//     them is set, SQLite stores the quotes in the file SQLITE_FILE, or until the program ends.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/nais/spor/setup"
)

func main() {
	once := flag.Bool("once", false, "send one round of requests, then end")
	flag.Parse()
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))

	spans := &spanCounter{}
	err := setup.Run(context.Background(), func(ctx context.Context) error {
		switch service := flag.Arg(0); service {
		case "":
			return withStores(ctx, func(quotes store, topics *kafka) error { return run(ctx, *once, quotes, topics) })
		case "gateway":
			return runGateway(ctx, *once)
		case "backend":
			return withStores(ctx, func(quotes store, topics *kafka) error { return runBackend(ctx, quotes, topics) })
		case "worker":
			return withStores(ctx, func(quotes store, topics *kafka) error { return runWorker(ctx, quotes, topics) })
		default:
			return fmt.Errorf("unknown service %q (want gateway, backend or worker)", service)
		}
	}, setup.WithSpanProcessor(spans))
	slog.Info("stopped", "spans_ended", spans.ended.Load())
	if err != nil {
		os.Exit(1)
	}
}

// withStores opens the database and Kafka, calls use, and closes them.
func withStores(ctx context.Context, use func(quotes store, topics *kafka) error) error {
	quotes, err := openStore(ctx)
	if err != nil {
		return err
	}
	defer quotes.close()
	topics, err := openKafka()
	if err != nil {
		return err
	}
	defer topics.close()
	return use(quotes, topics)
}

// run starts the worker, the backend and the gateway, in this order. It stops them in the reverse
// order.
func run(ctx context.Context, once bool, quotes store, topics *kafka) error {
	worker, err := startWorker(ctx, topics, quotes)
	if err != nil {
		return err
	}
	defer worker.stop()
	events, err := newEvents(topics)
	if err != nil {
		return err
	}
	defer events.close()
	backend, err := startGRPC(ctx, "127.0.0.1:0", newBackend(quotes, events))
	if err != nil {
		return err
	}
	defer backend.stop(ctx)
	statistics, err := startHTTP(ctx, "127.0.0.1:0", statisticsRoutes(quotes))
	if err != nil {
		return err
	}
	defer statistics.stop(ctx)
	front, err := newGateway(backend.address, statistics.address)
	if err != nil {
		return err
	}
	defer front.close()
	gateway, err := startHTTP(ctx, gatewayAddress(), front.routes())
	if err != nil {
		return err
	}
	defer gateway.stop(ctx)
	slog.InfoContext(ctx, "serving", "gateway", gateway.address, "backend", backend.address)

	if once {
		if err := round(ctx, "http://"+gateway.address); err != nil {
			return err
		}
		return worker.await(ctx, events.sent.Load())
	}
	return lightTraffic(ctx, "http://"+gateway.address)
}

func gatewayAddress() string {
	if port := os.Getenv("PORT"); port != "" {
		return ":" + port
	}
	return "127.0.0.1:0"
}
