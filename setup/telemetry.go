package setup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/internal/scope"
	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/naislog"
)

type telemetry struct {
	signals  []provider
	last     []provider // Team Logs and the logger provider; shut down after all other providers
	reporter *export.Reporter
	trouble  *export.Trouble
	team     *naislog.Team
	names    *privacy.Names         // nil until telemetry starts for the first time
	logs     *sdklog.LoggerProvider // nil if log records are not exported
	scrape   *export.Scrape         // nil if metrics are not served for Prometheus
	idle     bool                   // there is only a Team, because Start has not been called

	once sync.Once
	done chan struct{}
	err  error
}

// provider is one of these: the tracer provider, the meter provider, the logger provider, the
// scrape handler, or the Team.
type provider interface {
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

func newTelemetry() *telemetry {
	return &telemetry{
		reporter: &export.Reporter{Logger: logger},
		trouble:  &export.Trouble{Logger: logger},
		done:     make(chan struct{}),
	}
}

func (t *telemetry) start(ctx context.Context, env *environ.Environment, c *config) error {
	names, err := privacy.NewNames(c.credentials)
	if t.names = names; err != nil {
		err = fmt.Errorf("setup: WithCredentialNames: %s", oneLine(err))
	}
	s := newSettings(env, c, names)
	otel.SetTextMapPropagator(s.Propagator)
	if s.Disabled {
		return errors.Join(env.Err(), err)
	}
	t.trouble.Quiet.Store(true) // otherwise the SDK would report wrong variables a second time
	otel.SetErrorHandler(t.trouble)
	otel.SetLogger(logr.New(t.trouble.Sink()))
	// All are set before the first signal starts, because the reporter reads all of them.
	t.reporter.SpansGoTo, t.reporter.RecordsGoTo, t.reporter.PointsGoTo = s.Traces.Endpoint, s.Logs.Endpoint, s.Metrics.Endpoint
	err = errors.Join(err, t.startTraces(s), t.startMetrics(ctx, s), t.startLogs(ctx, s))
	t.trouble.Quiet.Store(false)
	if s.Traces.Unnamed {
		logger().LogAttrs(ctx, slog.LevelInfo, "traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set",
			slog.String("cure", "run the program under spor run -- CMD, or set OTEL_TRACES_EXPORTER=console"))
	}
	return errors.Join(env.Err(), err)
}

// startTraces installs a tracer provider if there is an exporter or a processor for spans.
func (t *telemetry) startTraces(s *settings) error {
	var all processors
	var problems []error
	if s.Traces.Endpoint != nil {
		exports, err := newPipeline(s, t.reporter)
		if err == nil {
			all = append(all, exports)
		}
		problems = append(problems, err)
	}
	if s.Traces.Console {
		console, err := stdouttrace.New(stdouttrace.WithPrettyPrint())
		if err == nil {
			all = append(all, sdktrace.NewSimpleSpanProcessor(export.RewritingExporter{SpanExporter: console, Rewriter: s.rewriter}))
		}
		problems = append(problems, err)
	}
	for _, p := range s.processors {
		all = append(all, limitedProcessor{p, s.cleaner.WithLimit(s.Limits.ValueLength)})
	}
	if len(all) == 0 {
		return errors.Join(problems...)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(s.resource),
		sdktrace.WithSampler(newSampler(s.Sampler, s.sampler)),
		sdktrace.WithRawSpanLimits(s.spanLimits()),
		sdktrace.WithSpanProcessor(all),
	)
	otel.SetTracerProvider(&tracerProvider{provider, s.attributesMayBeLate()})
	t.signals = append(t.signals, provider)
	return errors.Join(problems...)
}

// startMetrics installs a meter provider if the environment selects a metric reader. The
// environment can select at most one reader.
func (t *telemetry) startMetrics(ctx context.Context, s *settings) error {
	if s.withoutMetrics {
		return nil
	}
	reader, err := t.newReader(ctx, s, export.GatherProcess(s.gatherers))
	if reader == nil {
		return err
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(s.resource),
		sdkmetric.WithReader(reader),
		sdkmetric.WithView(export.View()),
		sdkmetric.WithCardinalityLimit(s.Metrics.SeriesLimit),
	)
	otel.SetMeterProvider(provider)
	t.signals = append(t.signals, provider)
	return errors.Join(err, t.reporter.Observe(provider.Meter("github.com/nais/spor/setup", metric.WithInstrumentationVersion(scope.Version())), t.team.Delivered))
}

func (t *telemetry) newReader(ctx context.Context, s *settings, gatherer prometheus.Gatherer) (sdkmetric.Reader, error) {
	m := &s.Metrics
	folded := &export.Folded{Logger: logger, Limit: m.SeriesLimit}
	switch {
	case m.Prometheus:
		scrape, err := export.NewScrape(ctx, m.Listen, gatherer, s.cleaner, folded)
		if scrape == nil {
			return nil, err
		}
		t.scrape = scrape
		t.signals = append(t.signals, scrape)
		return scrape.Exporter, err
	case m.Endpoint != nil:
		e, err := export.NewMetricExporter(ctx, m, t.reporter, s.cleaner, folded)
		if err != nil {
			return nil, fmt.Errorf("setup: %s: %w", m.Endpoint.URL, err)
		}
		return periodic(m, e, gatherer), nil
	case m.Console:
		e, err := stdoutmetric.New()
		return periodic(m, export.CleanExporter{Exporter: e, Cleaner: s.cleaner, Folded: folded}, gatherer), err
	}
	return nil, nil
}

// startLogs opens Team Logs. If log records are exported, it also installs a logger provider.
func (t *telemetry) startLogs(ctx context.Context, s *settings) error {
	t.team.Open(s.teamLogs, s.Logs.Endpoint != nil)
	t.last = append(t.last, t.team)
	if s.Logs.Endpoint == nil {
		return nil
	}
	client, err := export.NewLogClient(ctx, s.Logs, s.cleaner, t.reporter)
	if err != nil {
		return fmt.Errorf("setup: %s: %w", s.Logs.Endpoint.URL, err)
	}
	batch := s.Logs.Batch
	t.logs = sdklog.NewLoggerProvider(
		sdklog.WithResource(s.resource),
		sdklog.WithAttributeCountLimit(s.Logs.Limits.Attributes),
		sdklog.WithAttributeValueLengthLimit(clean.WithMargin(s.Logs.Limits.ValueLength)),
		sdklog.WithProcessor(naislog.NewProcessor(client, &t.reporter.Records, batch.Queue, sdklog.WithExportMaxBatchSize(batch.Size),
			sdklog.WithExportInterval(batch.Delay), sdklog.WithExportTimeout(batch.Timeout))),
	)
	otel.SetLoggerProvider(t.logs)
	t.last = append(t.last, t.logs)
	return nil
}
