package setup

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// startTraces installs a tracer provider if there is anywhere for spans to go.
func (t *telemetry) startTraces(s *settings) error {
	var processors []sdktrace.SpanProcessor
	var problems []error
	if s.traces.endpoint != nil {
		gate, err := t.newPipeline(s)
		if err == nil {
			processors = append(processors, gate)
		}
		problems = append(problems, err)
	}
	if s.traces.console {
		console, err := stdouttrace.New(stdouttrace.WithPrettyPrint())
		if err == nil {
			processors = append(processors, sdktrace.NewSimpleSpanProcessor(rewritingExporter{console, s.rewriter}))
		}
		problems = append(problems, err)
	}
	processors = append(processors, s.processors...)
	if len(processors) == 0 {
		return errors.Join(problems...)
	}
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(s.resource),
		sdktrace.WithSampler(s.sampler),
		sdktrace.WithRawSpanLimits(s.limits),
	}
	for _, p := range processors {
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	provider := sdktrace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	t.signals = append(t.signals, provider)
	return errors.Join(problems...)
}

// newPipeline returns the way of a span from its end to the collector.
func (t *telemetry) newPipeline(s *settings) (*gate, error) {
	t.reporter.spans = s.traces.endpoint
	e, err := newExporter(s.traces, s.rewriter, t.ledger, t.reporter)
	if err != nil {
		return nil, fmt.Errorf("setup: %s: %w", s.traces.endpoint.url, err)
	}
	return newGate(e, s.batch), nil
}
