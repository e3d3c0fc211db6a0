package environ

import (
	"fmt"
	"slices"
	"time"
)

// A Signal contains the settings for exporting traces, metrics or logs.
type Signal struct {
	Console    bool
	Prometheus bool      // Prometheus scrapes the metrics; they are not pushed
	Endpoint   *Endpoint // nil if nothing is sent over OTLP
	Headers    map[string]string
	Timeout    time.Duration
	GZIP       bool
	Unnamed    bool // OTLP is selected, but no endpoint is set
}

func readSignal(env *Environment, signal string) Signal {
	var s Signal
	otlp := readExporters(env, signal, &s)
	if !otlp || !grpcProtocol(env, signal) {
		return s
	}
	s.Endpoint = readEndpoint(env, signal)
	if name, _ := env.first(signalVariable(signal, "ENDPOINT")...); name == "" && s.Endpoint == nil {
		s.Unnamed = true
	}
	s.Headers = readHeaders(env, signal)
	s.Timeout = readTimeout(env, signal)
	s.GZIP = readCompression(env, signal)
	return s
}

// readExporters reads which exporters a signal has, and reports whether OTLP is one of
// them. Metrics must not have more than one exporter, because with two exporters every
// series would be counted twice.
func readExporters(env *Environment, signal string, s *Signal) (otlp bool) {
	name := "OTEL_" + signal + "_EXPORTER"
	value := env.Text(name)
	choices := map[string]string{"TRACES": "otlp, console or none", "METRICS": "otlp, prometheus, console or none", "LOGS": "otlp or none"}[signal]
	var known []string
	for _, item := range list(value) {
		switch word := fold(item); {
		case word == "otlp", word == "none", word == "prometheus" && signal == "METRICS":
			known = append(known, word)
		case word != "console" && word != "logging":
			env.wrong(name, item, "is not supported (use "+choices+")")
		case signal == "LOGS":
			env.wrong(name, item, "has no effect, because the program writes its log lines itself (use setup.LogHandler, and remove "+item+" here)")
		default:
			known = append(known, "console")
		}
	}
	switch {
	case len(known) == 0:
		return signal != "LOGS" // the platform reads logs from stdout
	case len(known) > 1 && slices.Contains(known, "none"):
		env.wrong(name, value, "combines none with other exporters (remove none or the others); the others are kept")
		known = slices.DeleteFunc(known, func(item string) bool { return item == "none" })
	}
	if len(known) > 1 && signal == "METRICS" {
		env.wrong(name, value, "has more than one exporter, so every series would be counted twice (keep one); "+known[0]+" is used")
		known = known[:1]
	}
	s.Console = slices.Contains(known, "console")
	s.Prometheus = slices.Contains(known, "prometheus")
	return slices.Contains(known, "otlp")
}

// grpcProtocol returns false if a variable selects a protocol that is not gRPC. The network
// policies of NAIS allow no other protocol.
func grpcProtocol(env *Environment, signal string) bool {
	ok := true
	for _, name := range []string{
		"OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL", "OTEL_EXPORTER_" + signal + "_PROTOCOL",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_PROTOCOL",
	} {
		if value := env.Text(name); value != "" && fold(value) != "grpc" {
			env.wrong(name, value, "want grpc, the only protocol that reaches the NAIS collector (port 4317); nothing is exported")
			ok = false
		}
	}
	return ok
}

func readHeaders(env *Environment, signal string) map[string]string {
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

func readCompression(env *Environment, signal string) (gzip bool) {
	name, _ := env.first(signalVariable(signal, "COMPRESSION")...)
	return env.choice(name, "none", "gzip", "none") == "gzip"
}

// readTimeout reads the timeout of an export. The default is 30 seconds and not the
// specification's 10 seconds. The reason is that metrics and log records are lost if the
// collector is down for longer than this time. Spans are not lost: they wait in memory
// until the collector is back.
func readTimeout(env *Environment, signal string) time.Duration {
	name, _ := env.first(signalVariable(signal, "TIMEOUT")...)
	return env.timeout(name, 30*time.Second)
}
