// Quotes is three services in one binary that show spor: a gateway that people
// call over HTTP, a backend that the gateway calls over gRPC and that keeps quotes
// in PostgreSQL or SQLite, and a worker that counts them as the backend tells of them over Kafka,
// and that the gateway asks over HTTP.
//
// It serves, and sends itself light traffic, until it is stopped; with -once it
// sends one round of requests and ends. The gateway listens on PORT, or on a
// free loopback port. Kafka is KAFKA_BROKERS, with the certificates that NAIS
// names, or a cluster inside the program; the topic is KAFKA_TOPIC, or
// quotes.created. PostgreSQL is where NAIS_DATABASE_*_URL, PGURL or DATABASE_URL
// says; without one of them SQLite keeps the quotes until the program ends.
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

// run starts the store, the worker, the backend and the gateway, and stops them in
// the other order.
func run(ctx context.Context, once bool) error {
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
		return worker.await(ctx, events.told.Load())
	}
	return lightTraffic(ctx, "http://"+gateway.address)
}

func gatewayAddress() string {
	if port := os.Getenv("PORT"); port != "" {
		return ":" + port
	}
	return "127.0.0.1:0"
}
