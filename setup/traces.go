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
	var all processors
	var problems []error
	if s.traces.endpoint != nil {
		gate, err := t.newPipeline(s)
		if err == nil {
			all = append(all, gate)
		}
		problems = append(problems, err)
	}
	if s.traces.console {
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
		sdktrace.WithSampler(s.sampler),
		sdktrace.WithRawSpanLimits(s.limits),
		sdktrace.WithSpanProcessor(all),
	)
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
