package environ

import (
	"net"
	"strconv"
	"time"
)

// Metrics says where metrics go.
type Metrics struct {
	Signal
	Listen                  string        // address of the scrape listener, "" for none
	Interval, ExportTimeout time.Duration // between two exports, and of one
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

// readTemporality reads what the collector wants; Prometheus, and so NAIS, wants
// the default.
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

// checkExemplarFilter reports a value that the SDK, which reads it, takes for its
// default.
func checkExemplarFilter(env *Environment) {
	const name = "OTEL_METRICS_EXEMPLAR_FILTER"
	switch env.lower(name) {
	case "", "always_on", "always_off", "trace_based":
	default:
		env.wrong(name, env.Text(name), "want trace_based, always_on or always_off; trace_based is used")
	}
}

// readScrapeAddress reads where to listen for scrapes; nowhere by default, since
// programs mount [MetricsHandler]. In a pod the default host is every one: the
// specification's localhost could not be scraped.
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
