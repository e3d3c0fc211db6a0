package environ

import (
	"net"
	"strconv"
	"time"
)

// Metrics contains the settings for exporting metrics.
type Metrics struct {
	Signal
	Listen string // address for scrapes, "" if there is no listener
	// Interval is the time between two exports. ExportTimeout is the maximum time for an
	// export.
	Interval, ExportTimeout time.Duration
	Temporality             string // cumulative, delta or lowmemory
}

func readMetrics(env *Environment) Metrics {
	m := Metrics{
		Signal:        readSignal(env, "METRICS"),
		Interval:      env.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", time.Minute),
		ExportTimeout: env.milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", 30*time.Second),
		Temporality:   readTemporality(env),
	}
	checkExemplarFilter(env)
	if m.Prometheus {
		m.Listen = readScrapeAddress(env)
	}
	return m
}

// readTemporality reads the temporality that the collector needs. The default is
// cumulative. Prometheus needs cumulative, and NAIS uses Prometheus.
func readTemporality(env *Environment) string {
	const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
	switch value := env.lower(name); value {
	case "delta", "lowmemory":
		return value
	case "", "cumulative":
	default:
		env.wrong(name, env.Text(name), "want cumulative, delta or lowmemory; cumulative is used")
	}
	return "cumulative"
}

// checkExemplarFilter records a problem if the value of OTEL_METRICS_EXEMPLAR_FILTER is
// not valid. The SDK reads this variable itself. If the value is not valid, the SDK uses
// the SDK's default.
func checkExemplarFilter(env *Environment) {
	const name = "OTEL_METRICS_EXEMPLAR_FILTER"
	switch env.lower(name) {
	case "", "always_on", "always_off", "trace_based":
	default:
		env.wrong(name, env.Text(name), "want trace_based, always_on or always_off; trace_based is used")
	}
}

// readScrapeAddress returns the address on which to serve scrapes. If neither the host nor
// the port is set, the address is "", because programs usually serve setup.MetricsHandler
// themselves. If only the port is set, there are two cases. Outside NAIS, the host is
// localhost, the specification's default. In a NAIS pod, the address contains no host, so
// scrapes are served on every address of the pod. Prometheus could not reach localhost in
// the pod.
func readScrapeAddress(env *Environment) string {
	const hostVariable, portVariable = "OTEL_EXPORTER_PROMETHEUS_HOST", "OTEL_EXPORTER_PROMETHEUS_PORT"
	host := env.Text(hostVariable)
	if host == "" && env.Text(portVariable) == "" {
		return ""
	}
	if host == "" && !env.OnPlatform() {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(env.integer(portVariable, 9464, 1, 65535)))
}
