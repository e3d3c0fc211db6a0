package setup

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/collector"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/pipeline"
)

// startTraces installs a tracer provider if there is anywhere for spans to go.
func (t *telemetry) startTraces(s *settings) error {
	var all processors
	var problems []error
	if s.Traces.Endpoint != nil {
		exports, err := t.newPipeline(s)
		if err == nil {
			all = append(all, exports)
		}
		problems = append(problems, err)
	}
	if s.Traces.Console {
		console, err := stdouttrace.New(stdouttrace.WithPrettyPrint())
		if err == nil {
			all = append(all, sdktrace.NewSimpleSpanProcessor(rewritingExporter{console, s.rewriter}))
		}
		problems = append(problems, err)
	}
	all = append(all, s.processors...)
	if len(all) == 0 {
		return errors.Join(problems...)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(s.resource),
		sdktrace.WithSampler(newSampler(s.Sampler, s.sampler)),
		sdktrace.WithRawSpanLimits(s.spanLimits()),
		sdktrace.WithSpanProcessor(all),
	)
	if s.attributesMayBeLate() {
		providers.AllowLate(provider)
	}
	otel.SetTracerProvider(provider)
	t.signals = append(t.signals, provider)
	return errors.Join(problems...)
}

// newPipeline returns the way of a span from its end to the collector.
func (t *telemetry) newPipeline(s *settings) (sdktrace.SpanProcessor, error) {
	t.reporter.spans = s.Traces.Endpoint
	w := &watcher{signal: "traces", endpoint: s.Traces.Endpoint, reporter: t.reporter}
	c := pipeline.Config{
		Dial:     func() (*grpc.ClientConn, error) { return collector.Dial(s.Traces, w.watch, bulk()) },
		Encoding: otlp.NewCommon(s.rewriter), Stats: t.stats, Trouble: w, Headers: s.Traces.Headers,
		Timeout: min(s.Traces.Timeout, s.Batch.Timeout), Delay: s.Batch.Delay, Bytes: w.bufferBytes(s.Batch.Bytes),
	}
	if s.Batch.Counted {
		c.MostSpans, c.BatchSpans = s.Batch.Queue, s.Batch.Size
	}
	p, err := pipeline.New(c)
	if err != nil {
		return nil, fmt.Errorf("setup: %s: %w", s.Traces.Endpoint.URL, err)
	}
	return p, nil
}

// unreachedBytes is what spans may take that wait for a collector that nobody
// named and that never answered.
const unreachedBytes = 1 << 20

// bufferBytes returns how much memory spans may take while they wait.
func (w *watcher) bufferBytes(bytes int) func() int {
	if !w.endpoint.Platform {
		return func() int { return bytes }
	}
	return func() int {
		if !w.reporter.hasReached() {
			return unreachedBytes
		}
		return bytes
	}
}
