package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/scope"
)

// startMetrics installs a meter provider with the one way out that the
// environment names, if it names one.
func (t *telemetry) startMetrics(ctx context.Context, s *settings) error {
	m := s.metrics
	if m == nil {
		return nil
	}
	reader, err := t.newReader(ctx, m, gatherProcess(m.gatherers))
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

func (t *telemetry) newReader(ctx context.Context, m *metricSettings, gatherer prometheus.Gatherer) (sdkmetric.Reader, error) {
	switch {
	case m.prometheus:
		return t.newScrape(ctx, m, gatherer)
	case m.endpoint != nil:
		e, err := newMetricExporter(ctx, m, t.reporter)
		if err != nil {
			return nil, fmt.Errorf("setup: %s: %w", m.endpoint.url, err)
		}
		return periodic(m, e, gatherer), nil
	case m.console:
		e, err := stdoutmetric.New()
		return periodic(m, cleanExporter{e}, gatherer), err
	}
	return nil, nil
}

// mostPoints is how many data points one request has: a collector takes 4 MiB, and
// would refuse every series for those that are too many.
const mostPoints = 2000

func periodic(m *metricSettings, e sdkmetric.Exporter, gatherer prometheus.Gatherer) sdkmetric.Reader {
	return sdkmetric.NewPeriodicReader(e,
		sdkmetric.WithInterval(m.interval),
		sdkmetric.WithTimeout(m.exportTimeout),
		sdkmetric.WithMaxExportBatchSize(mostPoints),
		sdkmetric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(gatherer))),
	)
}

// metricSettings says where metrics go; nil means nowhere.
type metricSettings struct {
	signalSettings
	listen        string // address of the scrape listener, "" for none
	interval      time.Duration
	exportTimeout time.Duration
	temporality   sdkmetric.TemporalitySelector
	gatherers     []prometheus.Gatherer
}

func readMetrics(env *environment, c *config) *metricSettings {
	m := &metricSettings{
		signalSettings: readSignal(env, "METRICS"),
		interval:       env.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", time.Minute),
		exportTimeout:  env.milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", 30*time.Second),
		temporality:    readTemporality(env),
		gatherers:      c.gatherers,
	}
	checkExemplarFilter(env)
	if m.prometheus {
		m.listen = readScrapeAddress(env)
	}
	if c.withoutMetrics {
		return nil
	}
	return m
}

// readTemporality reads what the collector wants; Prometheus, and so NAIS, wants
// the default.
func readTemporality(env *environment) sdkmetric.TemporalitySelector {
	const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
	switch env.lower(name) {
	case "", "cumulative":
	case "delta":
		return sdkmetric.DeltaTemporalitySelector
	case "lowmemory":
		return sdkmetric.LowMemoryTemporalitySelector
	default:
		env.wrong(name, env.text(name), "want cumulative, delta or lowmemory; cumulative is used")
	}
	return sdkmetric.CumulativeTemporalitySelector
}

// checkExemplarFilter reports a value that the SDK, which reads it, takes for its
// default.
func checkExemplarFilter(env *environment) {
	const name = "OTEL_METRICS_EXEMPLAR_FILTER"
	switch env.lower(name) {
	case "", "always_on", "always_off", "trace_based":
	default:
		env.wrong(name, env.text(name), "want trace_based, always_on or always_off; trace_based is used")
	}
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
