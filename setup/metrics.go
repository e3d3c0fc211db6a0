package setup

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/scope"
	"github.com/nais/spor/setup/internal/export"
)

// startMetrics installs a meter provider with the one way out that the
// environment names, if it names one.
func (t *telemetry) startMetrics(ctx context.Context, s *settings) error {
	if s.withoutMetrics {
		return nil
	}
	reader, err := t.newReader(ctx, &s.Metrics, export.GatherProcess(s.gatherers))
	if reader == nil {
		return err
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(s.resource),
		sdkmetric.WithReader(reader),
		sdkmetric.WithView(export.View()),
	)
	otel.SetMeterProvider(provider)
	t.signals = append(t.signals, provider)
	return errors.Join(err, t.reporter.Observe(provider.Meter("github.com/nais/spor/setup", metric.WithInstrumentationVersion(scope.Version()))))
}

func (t *telemetry) newReader(ctx context.Context, m *environ.Metrics, gatherer prometheus.Gatherer) (sdkmetric.Reader, error) {
	switch {
	case m.Prometheus:
		scrape, err := export.NewScrape(ctx, m.Listen, gatherer)
		if scrape == nil {
			return nil, err
		}
		t.scrape = scrape
		t.signals = append(t.signals, scrape)
		return scrape.Exporter, err
	case m.Endpoint != nil:
		e, err := export.NewMetricExporter(ctx, m, t.reporter)
		if err != nil {
			return nil, fmt.Errorf("setup: %s: %w", m.Endpoint.URL, err)
		}
		return periodic(m, e, gatherer), nil
	case m.Console:
		e, err := stdoutmetric.New()
		return periodic(m, export.CleanExporter{Exporter: e}, gatherer), err
	}
	return nil, nil
}

// mostPoints is how many data points one request has: a collector takes 4 MiB, and
// would refuse every series for those that are too many.
const mostPoints = 2000

func periodic(m *environ.Metrics, e sdkmetric.Exporter, gatherer prometheus.Gatherer) sdkmetric.Reader {
	return sdkmetric.NewPeriodicReader(e,
		sdkmetric.WithInterval(m.Interval),
		sdkmetric.WithTimeout(m.ExportTimeout),
		sdkmetric.WithMaxExportBatchSize(mostPoints),
		sdkmetric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(gatherer))),
	)
}

// MetricsHandler returns the handler to mount at /metrics for a program that
// sets OTEL_METRICS_EXPORTER=prometheus. It may be made before [Start]. While
// metrics are pushed, or go nowhere, it answers 404: the platform would count
// every series twice.
func MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := running.Load(); t != nil && t.scrape != nil {
			t.scrape.ServeHTTP(w, r)
			return
		}
		http.Error(w, "metrics are not scraped here (set OTEL_METRICS_EXPORTER=prometheus)", http.StatusNotFound)
	})
}
