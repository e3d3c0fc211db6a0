package setup

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/dialect"
)

// settings is the environment and the options, checked.
type settings struct {
	disabled   bool
	resource   *resource.Resource
	propagator propagation.TextMapPropagator
	sampler    sdktrace.Sampler
	ownSampler bool // the program gave one
	limits     sdktrace.SpanLimits
	traces     signalSettings
	metrics    *metricSettings // nil: none
	logs       logSettings
	teamLogs   io.Writer // nil: the platform's endpoint
	batch      batchSettings
	rewriter   *rewriter
	processors []sdktrace.SpanProcessor
}

// signalSettings says where one signal goes.
type signalSettings struct {
	console    bool
	prometheus bool      // scraped, and not pushed
	endpoint   *endpoint // nil: not sent over OTLP
	headers    map[string]string
	timeout    time.Duration
	gzip       bool
	unnamed    bool // OTLP is wanted and no endpoint is named
}

func readSettings(env *environment, c *config) *settings {
	disabled, _ := env.boolean("OTEL_SDK_DISABLED")
	return &settings{
		disabled:   disabled,
		resource:   readResource(env, c.resource),
		propagator: readPropagator(env),
		sampler:    readSampler(env, c.sampler),
		ownSampler: c.sampler != nil,
		limits:     readLimits(env),
		traces:     readSignal(env, "TRACES"),
		metrics:    readMetrics(env, c),
		logs:       readLogs(env),
		teamLogs:   c.teamLogs,
		batch:      readBatch(env),
		rewriter: &rewriter{
			dialect: dialect.New(dialect.ParseOptIn(env.text(dialect.Variable))),
			peers:   readPeers(env, env.all()),
		},
		processors: c.processors,
	}
}

// readSignal reads where a signal goes. A list of exporters is allowed.
func readSignal(env *environment, signal string) signalSettings {
	var s signalSettings
	otlp := readExporters(env, signal, &s)
	if !otlp || !grpcProtocol(env, signal) {
		return s
	}
	s.endpoint = readEndpoint(env, signal)
	if name, _ := env.first(signalVariable(signal, "ENDPOINT")...); name == "" && s.endpoint == nil {
		s.unnamed = true
	}
	s.headers = readHeaders(env, signal)
	s.timeout = readTimeout(env, signal)
	s.gzip = readCompression(env, signal)
	return s
}

// readExporters reads which exporters a signal has. Metrics have one: a series
// that arrives twice is counted twice.
func readExporters(env *environment, signal string, s *signalSettings) (otlp bool) {
	name := "OTEL_" + signal + "_EXPORTER"
	value := env.text(name)
	choices := "otlp, console or none"
	if signal == "METRICS" {
		choices = "otlp, prometheus, console or none"
	}
	var known []string
	for _, item := range list(strings.ToLower(value)) {
		if item == "logging" {
			item = "console"
		}
		if !slices.Contains([]string{"otlp", "console", "none"}, item) && (item != "prometheus" || signal != "METRICS") {
			env.wrong(name, item, "is not supported (use "+choices+")")
			continue
		}
		known = append(known, item)
	}
	switch {
	case len(known) == 0:
		return signal != "LOGS" // which the platform reads elsewhere
	case len(known) > 1 && slices.Contains(known, "none"):
		env.wrong(name, value, "has none beside others (remove one or the other); the others are kept")
		known = slices.DeleteFunc(known, func(item string) bool { return item == "none" })
	}
	if len(known) > 1 && signal == "METRICS" {
		env.wrong(name, value, "names more than one exporter, and every series would be counted twice (keep one); "+known[0]+" is used")
		known = known[:1]
	}
	s.console = slices.Contains(known, "console")
	s.prometheus = slices.Contains(known, "prometheus")
	return slices.Contains(known, "otlp")
}

// grpcProtocol reports whether every variable that names the protocol says
// grpc, the only one that a NAIS network policy lets through.
func grpcProtocol(env *environment, signal string) bool {
	ok := true
	for _, name := range []string{
		"OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL", "OTEL_EXPORTER_" + signal + "_PROTOCOL",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_PROTOCOL",
	} {
		if value := env.lower(name); value != "" && value != "grpc" {
			env.wrong(name, env.text(name), "want grpc, the only protocol that reaches the NAIS collector (port 4317); nothing is exported")
			ok = false
		}
	}
	return ok
}

func readHeaders(env *environment, signal string) map[string]string {
	name, value := env.first(signalVariable(signal, "HEADERS")...)
	headers := map[string]string{}
	for i, pair := range list(value) {
		key, text, err := parseHeader(pair)
		if err != nil {
			env.wrongSecret(name, fmt.Sprintf("item %d %s; the other headers are kept", i+1, err))
			continue
		}
		headers[key] = text
	}
	return headers
}

func readCompression(env *environment, signal string) (gzip bool) {
	name, value := env.first(signalVariable(signal, "COMPRESSION")...)
	switch strings.ToLower(value) {
	case "", "none":
		return false
	case "gzip":
		return true
	}
	env.wrong(name, value, "want gzip or none; none is used")
	return false
}

// readTimeout reads how long a batch is tried for, which is also the outage
// that a batch survives: hence 30 seconds and not the specification's 10.
func readTimeout(env *environment, signal string) time.Duration {
	name, _ := env.first(signalVariable(signal, "TIMEOUT")...)
	return env.milliseconds(name, 30*time.Second)
}
