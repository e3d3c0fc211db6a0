package setup

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// An Option changes what [Start] and [Run] set up. Nil options are ignored.
type Option func(*config)

type config struct {
	attributes []attribute.KeyValue // of the resource
	sampler    sdktrace.Sampler
	processors []sdktrace.SpanProcessor
	gatherers  []prometheus.Gatherer
	rootSpan   string
	crashFile  string
	teamLogs   io.Writer

	withoutMetrics bool
}

func newConfig(opts []Option) *config {
	c := &config{}
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// WithResource adds attributes that describe the service. They give way to the
// same keys in OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and the NAIS
// variables: what the platform says of a service is right.
//
// Leave deployment.environment.name and k8s.cluster.name to the collector: the
// first makes it cut the suffix off some service names.
func WithResource(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithSampler sets the sampler of root and child spans. The default, and what
// nil means, is parentbased_always_on. OTEL_TRACES_SAMPLER is stronger, but for
// parentbased_always_on itself, which NAIS sets for every application.
func WithSampler(s sdktrace.Sampler) Option {
	return func(c *config) { c.sampler = s }
}

// WithSpanProcessor adds a processor, beside the one that exports; nil adds none.
// It works without an endpoint too: tests use it to see spans. Its OnEnd runs in
// the goroutine that ends the span and must not block.
//
// With it, or [WithSampler], every span starts with the attributes known by then.
// Without either nobody looks, and those of SQL statements are set at the end, which
// is cheaper: give a processor here rather than to the provider later.
func WithSpanProcessor(p sdktrace.SpanProcessor) Option {
	return func(c *config) {
		if p != nil {
			c.processors = append(c.processors, p)
		}
	}
}

// WithGatherer exports the metrics of a Prometheus registry too, beside those of
// the OpenTelemetry API, under their own names; nil adds none. Families that are
// there already, such as those of the Go collector, are not exported twice.
func WithGatherer(g prometheus.Gatherer) Option {
	return func(c *config) {
		if g != nil {
			c.gatherers = append(c.gatherers, g)
		}
	}
}

// WithoutMetrics leaves metrics alone: no provider is installed and nothing is
// collected. The default is to push what the OpenTelemetry API records, and the
// metrics of the Go runtime and of the process.
func WithoutMetrics() Option {
	return func(c *config) { c.withoutMetrics = true }
}

// WithRootSpan makes [Run] start one span of that name around the program, which
// gives a Naisjob one trace. The default, and what "" means, is none: the spans
// of a server's requests must not be children of one that ends weeks later.
// [Start] ignores it.
func WithRootSpan(name string) Option {
	return func(c *config) { c.rootSpan = name }
}

// WithCrashFile makes [Run] keep what the Go runtime prints when the process
// dies of a panic or a fatal error in file, and log it when the next process
// starts. The default is a file in $TMPDIR in a NAIS pod, where the folder
// outlives the container, and none elsewhere; its name is made of the program's
// main package and working directory. A file that exists must be a regular one
// with the mode 0600 that belongs to this user: any other is neither read nor
// written, and Run logs one warning. [Start] ignores the option.
func WithCrashFile(file string) Option {
	return func(c *config) { c.crashFile = file }
}
