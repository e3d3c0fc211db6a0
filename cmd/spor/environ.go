package main

import (
	"crypto/rand"
	"maps"
	"net"
	"strings"
)

// cluster is the name of the cluster that a laptop is.
const cluster = "local"

// An environ is the environment of a process. The last value of a name counts.
type environ map[string]string

func environOf(pairs []string) environ {
	env := environ{}
	for _, pair := range pairs {
		if key, value, ok := strings.Cut(pair, "="); ok {
			env[key] = value
		}
	}
	return env
}

func (e environ) pairs() []string {
	pairs := make([]string, 0, len(e))
	for key, value := range e {
		pairs = append(pairs, key+"="+value)
	}
	return pairs
}

// byDefault sets key unless it is set, if only to the empty string.
func (e environ) byDefault(key, value string) {
	if _, ok := e[key]; !ok {
		e[key] = value
	}
}

// naisEnviron returns base as NAIS would complete it for the program of o,
// with the receiver in the place of the collector.
func naisEnviron(base []string, o runOptions, endpoint string) environ {
	env := environOf(base)

	// These belong to the platform, whatever the user set.
	env["OTEL_SERVICE_NAME"] = o.name
	env["OTEL_RESOURCE_ATTRIBUTES"] = resourceAttributes(o, env["OTEL_RESOURCE_ATTRIBUTES"])
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
	env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
	env["OTEL_EXPORTER_OTLP_INSECURE"] = "true"

	env.byDefault("OTEL_PROPAGATORS", "tracecontext,baggage")
	env.byDefault("OTEL_TRACES_SAMPLER", "parentbased_always_on")
	env.byDefault("OTEL_LOGS_EXPORTER", "none")
	env.byDefault("OTEL_BSP_SCHEDULE_DELAY", "200") // NAIS leaves the SDK's 5 s; here someone is watching

	env.byDefault("NAIS_APP_NAME", o.name)
	env.byDefault("NAIS_NAMESPACE", o.namespace)
	env.byDefault("NAIS_CLUSTER_NAME", cluster)
	env.byDefault("NAIS_APP_IMAGE", o.name+":local")
	env.byDefault("NAIS_POD_NAME", o.name+"-"+strings.ToLower(rand.Text()[:5]))

	maps.Copy(env, environOf(o.env))
	env.byDefault("NAIS_CLIENT_ID", env["NAIS_CLUSTER_NAME"]+":"+env["NAIS_NAMESPACE"]+":"+env["NAIS_APP_NAME"])
	if port := env["PORT"]; port != "" {
		env.byDefault("BIND_ADDRESS", net.JoinHostPort("127.0.0.1", port)) // on NAIS 0.0.0.0, which is not for laptops
	}
	return env
}

// resourceAttributes are those of the platform and, as on NAIS, the user's
// after them, but for the names that the platform owns and for what is no
// pair.
func resourceAttributes(o runOptions, users string) string {
	pairs := []string{"service.name=" + o.name, "service.namespace=" + o.namespace}
	for pair := range strings.SplitSeq(users, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		switch {
		case !ok, strings.Contains(value, "="):
		case key == "service.name", key == "service.namespace", key == "nais.backend":
		default:
			pairs = append(pairs, key+"="+value)
		}
	}
	return strings.Join(pairs, ",")
}
