package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/scope"
)

// startMetrics installs a meter provider with the one way out that the
// environment names, if it names one.
func (t *telemetry) startMetrics(ctx context.Context, s *settings) error {
	if s.withoutMetrics {
		return nil
	}
	reader, err := t.newReader(ctx, &s.Metrics, gatherProcess(s.gatherers))
	if reader == nil {
		return err
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(s.resource),
		sdkmetric.WithReader(reader),
		sdkmetric.WithView(boundedView()),
	)
	otel.SetMeterProvider(provider)
	t.signals = append(t.signals, provider)
	return errors.Join(err, t.observe(provider.Meter("github.com/nais/spor/setup", metric.WithInstrumentationVersion(scope.Version()))))
}

func (t *telemetry) newReader(ctx context.Context, m *environ.Metrics, gatherer prometheus.Gatherer) (sdkmetric.Reader, error) {
	switch {
	case m.Prometheus:
		return t.newScrape(ctx, m, gatherer)
	case m.Endpoint != nil:
		e, err := newMetricExporter(ctx, m, t.reporter)
		if err != nil {
			return nil, fmt.Errorf("setup: %s: %w", m.Endpoint.URL, err)
		}
		return periodic(m, e, gatherer), nil
	case m.Console:
		e, err := stdoutmetric.New()
		return periodic(m, cleanExporter{e}, gatherer), err
	}
	return nil, nil
}

// mostPoints is how many data points one request has: a collector takes 4 MiB, and
// would refuse every series for those that are too many.
const mostPoints = 2000

func periodic(m *environ.Metrics, e sdkmetric.Exporter, gatherer prometheus.Gatherer) sdkmetric.Reader {
	return sdkmetric.NewPeriodicReader(e,
		sdkmetric.WithInterval(m.Interval),
		sdkmetric.WithTimeout(m.Timeout),
		sdkmetric.WithMaxExportBatchSize(mostPoints),
		sdkmetric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(gatherer))),
	)
}

// boundedView keeps what callers choose off the series: the Host header, which
// is the server's address in otelhttp's server metrics, and the pod's own
// address in otelgrpc's. It keeps what is not on a series off its exemplars too.
func boundedView() sdkmetric.View {
	drop := attribute.NewDenyKeysFilter("server.address", "server.port", "client.address", "client.port",
		"network.peer.address", "network.peer.port", "url.path", "url.query", "user_agent.original")
	return func(i sdkmetric.Instrument) (sdkmetric.Stream, bool) {
		stream := sdkmetric.Stream{Name: i.Name, Description: i.Description, Unit: i.Unit, ExemplarReservoirProviderSelector: bareExemplars}
		if strings.HasPrefix(i.Name, "http.server.") || strings.HasPrefix(i.Name, "rpc.server.") {
			stream.AttributeFilter = drop
		}
		return stream, true
	}
}
