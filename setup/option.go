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
	attributes  []attribute.KeyValue // attributes of the resource
	sampler     sdktrace.Sampler
	processors  []sdktrace.SpanProcessor
	gatherers   []prometheus.Gatherer
	rootSpan    string
	crashFile   string
	teamLogs    io.Writer
	credentials []string // names of credentials

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

// WithResource adds attributes that describe the service. By default, no attributes are
// added. The same attribute can also be set by OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES or
// the NAIS variables. In this case the value from the environment is used, because the
// platform describes the service correctly.
//
// Do not set deployment.environment.name and k8s.cluster.name, because the collector sets them.
// If a service sets deployment.environment.name, the collector may change the name of the
// service: it removes the suffix of some service names.
func WithResource(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, attrs...) }
}

// WithSampler sets the sampler for root spans and child spans. If s is nil or the option is not
// used, the sampler is parentbased_always_on. If OTEL_TRACES_SAMPLER is set, the variable
// overrides s. The exception is the value parentbased_always_on, which never overrides s,
// because NAIS sets that value for every application.
func WithSampler(s sdktrace.Sampler) Option {
	return func(c *config) { c.sampler = s }
}

// WithSpanProcessor adds the span processor p. setup's own processor, which exports spans, is
// still used. If p is nil, the option has no effect. p also gets spans if no endpoint is set,
// so tests can use p to record spans. The goroutine that ends a span calls p.OnEnd. Therefore
// OnEnd must not block.
//
// p gets values without masks, and cut at the limit for their length
// (OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT). In OnStart, a value can be up to 1,024 characters
// longer. In OnEnd, a value that was cut is masked, because otherwise half of a personal number
// could be left.
//
// If this option or [WithSampler] is used, every span starts with all attributes that are known
// at its start. If neither option is used, the spans of SQL statements get their attributes only
// at their end, because this is cheaper. Therefore add a processor only with this option. If the
// program registers a processor directly with the SDK's provider, OnStart of that processor may
// get spans of SQL statements that do not have their attributes yet.
func WithSpanProcessor(p sdktrace.SpanProcessor) Option {
	return func(c *config) {
		if p != nil {
			c.processors = append(c.processors, p)
		}
	}
}

// WithGatherer exports the metrics of the Prometheus registry g in addition to the other
// metrics. The names of these metrics are not changed. If g is nil, the option has no effect.
// If setup also has a metric family with the same name, such as a family of the Go collector, only
// the family of g is exported. If the option is used for several registries that have the same
// family, only the family of the first registry is exported.
func WithGatherer(g prometheus.Gatherer) Option {
	return func(c *config) {
		if g != nil {
			c.gatherers = append(c.gatherers, g)
		}
	}
}

// WithCredentialNames adds names to the list of names of credentials. By default, the list has the
// names that docs/privacy.md contains. A text with a name that ends with a name of the list is
// replaced by REDACTED in the lines of [LogHandler], in spans, metrics, exported log records and
// the resource. Numbers and booleans are never replaced. Case, punctuation, and digits at the end
// of a name are ignored: the name session_key also matches sessionKey, X-Session-Key and
// other.session_key2. It also matches fields of JSON in a text, and parameters in a URL.
//
// The option works from the call of [Start] on, also after shutdown until the next call of Start.
// It does not work for lines that are logged before Start. It also does not work for attributes of
// a logger whose method With was called before Start.
//
// A name must have at least two letters, and only letters, digits, and the characters _ - . space
// and brackets. Start returns an error that lists all other names, and ignores them. Names cannot
// be removed from the list.
func WithCredentialNames(names ...string) Option {
	return func(c *config) { c.credentials = append(c.credentials, names...) }
}

// WithoutMetrics turns metrics off: no meter provider is installed, and no metrics are
// collected. Without this option, setup exports the metrics that the program records with the
// OpenTelemetry API, and the metrics of the Go runtime and of the process.
func WithoutMetrics() Option {
	return func(c *config) { c.withoutMetrics = true }
}

// WithRootSpan makes [Run] start a span with this name before it calls run. Run ends the span
// when run has returned. All spans of a Naisjob are then in one trace. If name is empty or the
// option is not used, there is no root span. Do not use the option for a server: the root span
// would be the parent of the span for each request, but it would end only when the server ends,
// which can be weeks later. [Start] ignores this option.
func WithRootSpan(name string) Option {
	return func(c *config) { c.rootSpan = name }
}

// WithCrashFile sets the file that [Run] uses for crashes. If a panic or a fatal error ends the
// process, the Go runtime writes the text of the crash to this file. When the next process
// starts, Run logs one line with these fields:
//
//   - error: the cause, such as "panic: boom". For a fatal error, the runtime writes only the
//     stacks to the file. Then the cause is taken from the function that stopped the process.
//     At most 16 KiB are logged.
//   - error.type: runtime.Error for a panic of the runtime, or the type that the text contains.
//     The text has no type if the value of a panic is an error, or has a predeclared type.
//   - trace_id and span_id, if the goroutine that crashed has labels with these names.
//   - stack_trace: at most 64 KiB of the text. The first goroutine is the one that crashed.
//
// spor sets no labels of goroutines. If a program sets them with package runtime/pprof, the text
// contains them since Go 1.27, and in Go 1.26 with GODEBUG=tracebacklabels=1. The labels of
// pprof.SetGoroutineLabels are there in every crash. pprof.Do removes its labels before the text
// of a panic is written, so they are only there for fatal errors and signals.
//
// If file is empty or the option is not used, the default is used. In a NAIS pod the default is
// a file in $TMPDIR, because that directory still exists after the container has ended. The
// name of the default file depends on the program's main package and on the working directory.
// Outside NAIS there is no default file.
//
// If the file already exists, it must be a regular file. On Unix, it must also belong to the user
// of the process, no other user may have access to it, and it must have no other hard link.
// Otherwise Run does not read or write the file, and logs one warning. [Start] ignores this
// option.
func WithCrashFile(file string) Option {
	return func(c *config) { c.crashFile = file }
}
