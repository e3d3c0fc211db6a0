package setup

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/pipeline"
)

// tracerProvider is the SDK's provider with one more method, AttributesAtEnd. The
// instrumentation of this module calls that method.
type tracerProvider struct {
	*sdktrace.TracerProvider
	attributesAtEnd bool
}

// AttributesAtEnd reports whether instrumentation is allowed to wait until the end of a span
// before it sets the attributes of the span. The result is true if no code reads the attributes
// before the span has ended.
func (p *tracerProvider) AttributesAtEnd() bool { return p.attributesAtEnd }

// Unwrap returns the SDK's provider. The method TracerProvider of a span returns the same
// provider.
func (p *tracerProvider) Unwrap() trace.TracerProvider { return p.TracerProvider }

func newPipeline(s *settings, reporter *export.Reporter) (sdktrace.SpanProcessor, error) {
	w := export.NewWatcher("traces", s.Traces.Endpoint, reporter)
	c := pipeline.Config{
		Dial:     func() (*grpc.ClientConn, error) { return w.Dial(s.Traces, export.Bulk()) },
		Encoding: otlp.NewCommon(s.rewriter), Stats: &reporter.Spans, Trouble: &w, Headers: s.Traces.Headers,
		Timeout: min(s.Traces.Timeout, s.Batch.Timeout), Delay: s.Batch.Delay, Bytes: bufferBytes(s, reporter),
		ValueLength: s.spanLimits().AttributeValueLengthLimit,
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

// unreachedBytes is the size of the span buffer, in bytes, until the platform's default
// collector has answered for the first time.
const unreachedBytes = 1 << 20

// bufferBytes returns a function. The function returns the size, in bytes, of the buffer for
// spans that wait for export.
func bufferBytes(s *settings, reporter *export.Reporter) func() int {
	return func() int {
		if s.Traces.Endpoint.Platform && !reporter.HasReached() {
			return unreachedBytes
		}
		return s.Batch.Bytes
	}
}

// A limitedProcessor passes spans to a processor of the program. The SDK's limit for the length
// of a value is higher than the limit in the environment, because exporters mask a value before
// they cut it. So limitedProcessor cuts the longer values itself, when a span has ended.
type limitedProcessor struct {
	sdktrace.SpanProcessor
	limit clean.Cleaner
}

func (p limitedProcessor) OnEnd(span sdktrace.ReadOnlySpan) {
	attrs := span.Attributes()
	if cut := p.limit.CutAttributes(attrs); len(attrs) > 0 && &cut[0] != &attrs[0] {
		span = limitedSpan{span, cut}
	}
	p.SpanProcessor.OnEnd(span)
}

type limitedSpan struct {
	sdktrace.ReadOnlySpan
	attributes []attribute.KeyValue
}

func (s limitedSpan) Attributes() []attribute.KeyValue { return s.attributes }

// processors is a list of span processors. They are flushed concurrently, and also shut down
// concurrently. The SDK would call one processor after the other. If one processor used all the
// time, the SDK would skip the processors after it.
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
