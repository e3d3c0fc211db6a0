package setup

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/collector"
	"github.com/nais/spor/setup/internal/export"
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
			all = append(all, sdktrace.NewSimpleSpanProcessor(export.RewritingExporter{SpanExporter: console, Rewriter: s.rewriter}))
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
	otel.SetTracerProvider(&tracerProvider{provider, s.attributesMayBeLate()})
	t.signals = append(t.signals, provider)
	return errors.Join(problems...)
}

// tracerProvider is the SDK's, with what instrumentations of this module ask it.
type tracerProvider struct {
	*sdktrace.TracerProvider
	attributesAtEnd bool
}

// AttributesAtEnd reports whether nobody looks at a span before it has ended.
func (p *tracerProvider) AttributesAtEnd() bool { return p.attributesAtEnd }

// Unwrap returns the SDK's provider, which spans name as theirs.
func (p *tracerProvider) Unwrap() trace.TracerProvider { return p.TracerProvider }

// newPipeline returns the way of a span from its end to the collector.
func (t *telemetry) newPipeline(s *settings) (sdktrace.SpanProcessor, error) {
	t.reporter.SpansGoTo = s.Traces.Endpoint
	w := &export.Watcher{Signal: "traces", Endpoint: s.Traces.Endpoint, Reporter: t.reporter}
	c := pipeline.Config{
		Dial:     func() (*grpc.ClientConn, error) { return collector.Dial(s.Traces, w.Watch, export.Bulk()) },
		Encoding: otlp.NewCommon(s.rewriter), Stats: &t.reporter.Spans, Trouble: w, Headers: s.Traces.Headers,
		Timeout: min(s.Traces.Timeout, s.Batch.Timeout), Delay: s.Batch.Delay, Bytes: t.bufferBytes(s),
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
func (t *telemetry) bufferBytes(s *settings) func() int {
	return func() int {
		if s.Traces.Endpoint.Platform && !t.reporter.HasReached() {
			return unreachedBytes
		}
		return s.Batch.Bytes
	}
}

// processors are shut down beside each other: the SDK does it one after the
// other, and leaves out those behind one that took all the time.
type processors []sdktrace.SpanProcessor

func (p processors) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	for _, one := range p {
		one.OnStart(ctx, span)
	}
}

func (p processors) OnEnd(span sdktrace.ReadOnlySpan) {
	for _, one := range p {
		one.OnEnd(span)
	}
}

func (p processors) ForceFlush(ctx context.Context) error {
	return together(ctx, p, func(one sdktrace.SpanProcessor) error { return one.ForceFlush(ctx) })
}

func (p processors) Shutdown(ctx context.Context) error {
	return together(ctx, p, func(one sdktrace.SpanProcessor) error { return one.Shutdown(ctx) })
}
