package environ

import (
	"maps"
	"slices"
)

const (
	noFile   = "configuration files are not supported (use the other OTEL_* variables, which stay in force, and remove this one)"
	noZipkin = "Zipkin is not supported (use OTEL_EXPORTER_OTLP_ENDPOINT, and remove this variable)"
)

// unsupported contains the variables of the OpenTelemetry specification that have no effect.
// For each variable, it contains the reason and the cure.
var unsupported = map[string]string{
	"OTEL_CONFIG_FILE":                   noFile,
	"OTEL_EXPERIMENTAL_CONFIG_FILE":      noFile,
	"OTEL_ENTITIES":                      "entities are not supported (use OTEL_RESOURCE_ATTRIBUTES, and remove this variable)",
	"OTEL_LOG_LEVEL":                     "telemetry logs through the program's logger (use LOG_LEVEL, and remove this variable)",
	"OTEL_EXPORTER_ZIPKIN_ENDPOINT":      noZipkin,
	"OTEL_EXPORTER_ZIPKIN_PROTOCOL":      noZipkin,
	"OTEL_EXPORTER_ZIPKIN_TIMEOUT":       noZipkin,
	"OTEL_EXPORTER_OTLP_SPAN_INSECURE":   "is an obsolete name (rename it to OTEL_EXPORTER_OTLP_TRACES_INSECURE)",
	"OTEL_EXPORTER_OTLP_METRIC_INSECURE": "is an obsolete name (rename it to OTEL_EXPORTER_OTLP_METRICS_INSECURE)",
}

// nameUnsupported records a problem for each variable that is set and has no effect.
func nameUnsupported(env *Environment) {
	for _, name := range slices.Sorted(maps.Keys(unsupported)) {
		env.use(name, "not supported")
		if value := env.Text(name); value != "" {
			env.wrong(name, WithoutCredentials(value), unsupported[name])
		}
	}
}
