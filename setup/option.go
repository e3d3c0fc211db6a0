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
	attributes []attribute.KeyValue // attributes of the resource
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

// WithResource adds attributes that describe the service. OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES and the NAIS variables override attributes with the same keys,
// because the platform describes the service correctly. The default is no attributes.
//
// Do not set deployment.environment.name and k8s.cluster.name, because the collector sets
// them. If a service sets deployment.environment.name, the collector removes the suffix of
// some service names.
func WithResource(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithSampler sets the sampler for root spans and child spans. The default is
// parentbased_always_on; nil means the default. OTEL_TRACES_SAMPLER overrides s, except if
// its value is parentbased_always_on, because NAIS sets that value for every application.
func WithSampler(s sdktrace.Sampler) Option {
	return func(c *config) { c.sampler = s }
}

// WithSpanProcessor adds a span processor to the one that exports. If p is nil, the option has
// no effect. The processor also gets spans when no endpoint is set, so tests can use it to
// record spans. The goroutine that ends a span calls OnEnd, which must not block.
//
// With this option or [WithSampler], every span starts with all attributes that are known at
// its start. Without both, the spans of SQL statements get their attributes only when they
// end, which is cheaper. Therefore add a processor with this option. A processor that is
// registered later with the SDK's provider would not see those attributes in OnStart.
func WithSpanProcessor(p sdktrace.SpanProcessor) Option {
	return func(c *config) {
		if p != nil {
			c.processors = append(c.processors, p)
		}
	}
}

// WithGatherer also exports the metrics of a Prometheus registry, with their own names. If g
// is nil, the option has no effect. A metric family that is already exported, such as those
// of the Go collector, is not exported twice.
func WithGatherer(g prometheus.Gatherer) Option {
	return func(c *config) {
		if g != nil {
			c.gatherers = append(c.gatherers, g)
		}
	}
}

// WithoutMetrics turns metrics off: no meter provider is installed, and no metrics are
// collected. Without this option, the metrics recorded with the OpenTelemetry API and the
// metrics of the Go runtime and of the process are exported.
func WithoutMetrics() Option {
	return func(c *config) { c.withoutMetrics = true }
}

// WithRootSpan makes [Run] start a span with this name and end it when run returns. All spans
// of a Naisjob are then in one trace. The default is no root span, and "" means the default.
// Do not use it for a server, because the spans of its requests would have a parent that ends
// weeks later. [Start] ignores this option.
func WithRootSpan(name string) Option {
	return func(c *config) { c.rootSpan = name }
}

// WithCrashFile sets the file that [Run] uses for crashes. When a panic or a fatal error ends
// the process, the Go runtime writes its text to this file. Run logs the text when the next
// process starts.
//
// In a NAIS pod the default is a file in $TMPDIR, because that directory remains when the
// container ends. The name of the file depends on the program's main package and on the
// working directory. Elsewhere the default is no file. "" means the default.
//
// A file that already exists must be a regular file with the mode 0600 that belongs to this
// user. Run does not read or write any other file, and logs one warning. [Start] ignores this
// option.
func WithCrashFile(file string) Option {
	return func(c *config) { c.crashFile = file }
}
