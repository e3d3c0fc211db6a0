package environ

import (
	"net"
	"strconv"
	"time"
)

// Metrics has the settings for exporting metrics.
type Metrics struct {
	Signal
	Listen                  string        // address that serves scrapes, "" for none
	Interval, ExportTimeout time.Duration // time between two exports, and maximum time for an export
	Temporality             string        // cumulative, delta or lowmemory
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

// readTemporality reads the temporality that the collector needs. Prometheus, and so NAIS,
// needs cumulative, which is the default.
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

// checkExemplarFilter reports a value that is not valid. The SDK reads this variable
// itself, and uses its default if the value is not valid.
func checkExemplarFilter(env *Environment) {
	const name = "OTEL_METRICS_EXEMPLAR_FILTER"
	switch env.lower(name) {
	case "", "always_on", "always_off", "trace_based":
	default:
		env.wrong(name, env.Text(name), "want trace_based, always_on or always_off; trace_based is used")
	}
}

// readScrapeAddress returns the address on which to serve scrapes. By default it is "",
// because programs serve setup.MetricsHandler themselves. In a NAIS pod, the default host
// is every address of the pod. The specification's default is localhost, which Prometheus
// cannot reach.
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
