package environ

import (
	"net"
	"strconv"
	"time"
)

const hostVariable, portVariable = "OTEL_EXPORTER_PROMETHEUS_HOST", "OTEL_EXPORTER_PROMETHEUS_PORT"

// Metrics contains the settings for exporting metrics.
type Metrics struct {
	Signal
	Listen string // address for scrapes, "" if there is no listener
	// Interval is the time between two exports. ExportTimeout is the maximum time for an
	// export.
	Interval, ExportTimeout time.Duration
	Temporality             string // cumulative, delta or lowmemory
	SeriesLimit             int    // the maximum number of series of a metric; 0 means no limit
}

func readMetrics(env *Environment) Metrics {
	m := Metrics{
		Signal:        readSignal(env, "METRICS"),
		Interval:      env.interval("OTEL_METRIC_EXPORT_INTERVAL", time.Minute),
		ExportTimeout: env.timeout("OTEL_METRIC_EXPORT_TIMEOUT", 30*time.Second),
		// Prometheus needs cumulative, and NAIS uses Prometheus.
		Temporality: env.choice("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative", "cumulative", "delta", "lowmemory"),
		SeriesLimit: env.integer("OTEL_GO_X_CARDINALITY_LIMIT", 2000, 0, most),
	}
	checkSDK(env)
	if m.Prometheus {
		m.Listen = readScrapeAddress(env)
		return m
	}
	for _, name := range []string{hostVariable, portVariable} {
		if value := env.Text(name); value != "" {
			env.wrong(name, value, "has no effect (set OTEL_METRICS_EXPORTER=prometheus, or remove it)")
		}
	}
	return m
}

// checkSDK records a problem for each wrong value of a variable that the SDK or its exporter
// reads itself. If a value is not valid, they use the same default.
func checkSDK(env *Environment) {
	env.choice("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based", "trace_based", "always_on", "always_off")
	const explicit = "explicit_bucket_histogram"
	env.choice("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", explicit, explicit, "base2_exponential_bucket_histogram")
}

// readScrapeAddress returns the address on which to serve scrapes. If neither the host nor
// the port is set, the address is "", because programs usually serve setup.MetricsHandler
// themselves. If only the port is set, there are two cases. Outside NAIS, the host is
// localhost, the specification's default. In a NAIS pod, the address contains no host, so
// scrapes are served on every address of the pod. Prometheus could not reach localhost in
// the pod.
func readScrapeAddress(env *Environment) string {
	host := env.Text(hostVariable)
	if host == "" && env.Text(portVariable) == "" {
		return ""
	}
	if host == "" && !env.OnPlatform() {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(env.integer(portVariable, 9464, 1, 65535)))
}
