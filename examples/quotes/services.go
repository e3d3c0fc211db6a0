package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// runGateway runs the gateway alone.
func runGateway(ctx context.Context, once bool) error {
	backend, worker := os.Getenv("BACKEND_ADDRESS"), os.Getenv("WORKER_ADDRESS")
	if backend == "" || worker == "" {
		return errors.New("BACKEND_ADDRESS or WORKER_ADDRESS is not set (want host:port)")
	}
	front, err := newGateway(backend, worker)
	if err != nil {
		return err
	}
	defer front.close()
	gateway, err := startHTTP(ctx, gatewayAddress(), front.routes())
	if err != nil {
		return err
	}
	defer gateway.stop(ctx)
	slog.InfoContext(ctx, "serving", "gateway", gateway.address)
	for _, address := range []string{backend, worker} {
		if err := awaitServer(ctx, address); err != nil {
			return err
		}
	}
	if !once {
		return lightTraffic(ctx, "http://"+gateway.address)
	}
	if err := round(ctx, "http://"+gateway.address); err != nil {
		return err
	}
	return awaitStatistics(ctx, "http://"+worker+"/statistics")
}

// runBackend runs the backend alone.
func runBackend(ctx context.Context, quotes store, topics *kafka) error {
	events, err := newEvents(topics)
	if err != nil {
		return err
	}
	defer events.close()
	backend, err := startGRPC(ctx, os.Getenv("BACKEND_ADDRESS"), newBackend(quotes, events))
	if err != nil {
		return fmt.Errorf("BACKEND_ADDRESS: %w", err)
	}
	defer backend.stop(ctx)
	slog.InfoContext(ctx, "serving", "backend", backend.address)
	<-ctx.Done()
	return nil
}

// runWorker runs the worker alone.
func runWorker(ctx context.Context, quotes store, topics *kafka) error {
	worker, err := startWorker(ctx, topics, quotes)
	if err != nil {
		return err
	}
	defer worker.stop()
	statistics, err := startHTTP(ctx, os.Getenv("WORKER_ADDRESS"), statisticsRoutes(quotes))
	if err != nil {
		return fmt.Errorf("WORKER_ADDRESS: %w", err)
	}
	defer statistics.stop(ctx)
	slog.InfoContext(ctx, "serving", "worker", statistics.address)
	<-ctx.Done()
	return nil
}

// awaitServer waits until a server listens on address.
func awaitServer(ctx context.Context, address string) error {
	return await(ctx, func() bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// awaitStatistics waits until the worker has counted a quote.
func awaitStatistics(ctx context.Context, url string) error {
	return await(ctx, func() bool {
		var counts map[string]int
		body, err := request(ctx, http.MethodGet, url, "", http.StatusOK)
		return err == nil && json.Unmarshal(body, &counts) == nil && len(counts) > 0
	})
}

func await(ctx context.Context, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
