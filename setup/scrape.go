package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	prometheusexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/environ"
)

// scraped is the handler of the metrics that are scraped now, if any are.
var scraped atomic.Pointer[http.Handler]

// MetricsHandler returns the handler to mount at /metrics for a program that
// sets OTEL_METRICS_EXPORTER=prometheus. It may be made before [Start]. While
// metrics are pushed, or go nowhere, it answers 404: the platform would count
// every series twice.
func MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := scraped.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		http.Error(w, "metrics are not scraped here (set OTEL_METRICS_EXPORTER=prometheus)", http.StatusNotFound)
	})
}

// scrape is a reader that Prometheus reads.
type scrape struct {
	*prometheusexporter.Exporter
	handler *http.Handler
	server  *http.Server // nil without a listener of its own
}

func (t *telemetry) newScrape(ctx context.Context, m *environ.Metrics, gatherer prometheus.Gatherer) (sdkmetric.Reader, error) {
	registry := prometheus.NewRegistry()
	exporter, err := prometheusexporter.New(prometheusexporter.WithRegisterer(registry), prometheusexporter.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	all := cleanGatherer{append(firstOfName{registry}, gatherer)}
	handler := promhttp.HandlerFor(all, promhttp.HandlerOpts{EnableOpenMetrics: true})
	s := &scrape{Exporter: exporter, handler: &handler}
	scraped.Store(s.handler)
	t.signals = append(t.signals, s)
	return exporter, s.listen(ctx, m.Listen)
}

func (s *scrape) listen(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(ctx), "tcp", address)
	if err != nil {
		return fmt.Errorf("setup: OTEL_EXPORTER_PROMETHEUS_PORT: %w (choose a free port, or mount setup.MetricsHandler)", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", *s.handler)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(listener) }()
	return nil
}

// ForceFlush does nothing: the scraper comes by itself.
func (s *scrape) ForceFlush(context.Context) error { return nil }

// Shutdown ends the listener.
func (s *scrape) Shutdown(ctx context.Context) error {
	scraped.CompareAndSwap(s.handler, nil)
	if s.server == nil {
		return nil
	}
	return errors.Join(s.server.Shutdown(ctx), s.server.Close())
}
