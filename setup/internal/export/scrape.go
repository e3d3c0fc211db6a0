package export

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	prometheusexporter "go.opentelemetry.io/otel/exporters/prometheus"

	"github.com/nais/spor/internal/clean"
)

// A Scrape is a metric reader that Prometheus scrapes.
type Scrape struct {
	*prometheusexporter.Exporter
	http.Handler
	server *http.Server // nil if it does not listen itself
}

// NewScrape returns a reader for the metrics of OpenTelemetry and the metrics of gatherer.
// It listens on address unless address is "". If it cannot listen, it returns both the
// reader and an error.
func NewScrape(ctx context.Context, address string, gatherer prometheus.Gatherer, c clean.Cleaner, f *Folded) (*Scrape, error) {
	registry := prometheus.NewRegistry()
	exporter, err := prometheusexporter.New(prometheusexporter.WithRegisterer(registry), prometheusexporter.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	all := cleanGatherer{append(firstOfName{registry}, gatherer), c, f}
	s := &Scrape{Exporter: exporter, Handler: promhttp.HandlerFor(all, promhttp.HandlerOpts{EnableOpenMetrics: true})}
	return s, s.listen(ctx, address)
}

func (s *Scrape) listen(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(ctx), "tcp", address)
	if err != nil {
		return fmt.Errorf("setup: OTEL_EXPORTER_PROMETHEUS_PORT: %w (choose a free port, or mount setup.MetricsHandler)", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", s.Handler)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(listener) }()
	return nil
}

// ForceFlush does nothing, because Prometheus reads the metrics when it scrapes.
func (s *Scrape) ForceFlush(context.Context) error { return nil }

// Shutdown closes the listener.
func (s *Scrape) Shutdown(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	return errors.Join(s.server.Shutdown(ctx), s.server.Close())
}
