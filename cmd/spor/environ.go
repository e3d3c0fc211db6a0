package main

import (
	"crypto/rand"
	"maps"
	"net"
	"strings"
)

// cluster is the default value of NAIS_CLUSTER_NAME.
const cluster = "local"

// An environ is the environment of a process. It maps the name of a variable to its value.
type environ map[string]string

// environOf returns the environment of pairs KEY=VALUE. The last value of a name is used.
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

// byDefault sets key unless it is set already. An empty value counts as set.
func (e environ) byDefault(key, value string) {
	if _, ok := e[key]; !ok {
		e[key] = value
	}
}

// naisEnviron returns base with the variables that NAIS would set for the command of o.
// endpoint is the address of spor's receiver, which replaces the collector.
func naisEnviron(base []string, o runOptions, endpoint string) environ {
	env := environOf(base)

	// The platform sets these variables itself. It replaces the values of the user.
	env["OTEL_SERVICE_NAME"] = o.name
	env["OTEL_RESOURCE_ATTRIBUTES"] = resourceAttributes(o, env["OTEL_RESOURCE_ATTRIBUTES"])
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
	env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
	env["OTEL_EXPORTER_OTLP_INSECURE"] = "true"

	env.byDefault("OTEL_PROPAGATORS", "tracecontext,baggage")
	env.byDefault("OTEL_TRACES_SAMPLER", "parentbased_always_on")
	env.byDefault("OTEL_LOGS_EXPORTER", "none")
	// On NAIS the SDK's default of 5 s applies. The delay is shorter here, because a user is
	// waiting for the traces.
	env.byDefault("OTEL_BSP_SCHEDULE_DELAY", "200")

	env.byDefault("NAIS_APP_NAME", o.name)
	env.byDefault("NAIS_NAMESPACE", o.namespace)
	env.byDefault("NAIS_CLUSTER_NAME", cluster)
	env.byDefault("NAIS_APP_IMAGE", o.name+":local")
	env.byDefault("NAIS_POD_NAME", o.name+"-"+strings.ToLower(rand.Text()[:5]))

	maps.Copy(env, environOf(o.env))
	env.byDefault("NAIS_CLIENT_ID", env["NAIS_CLUSTER_NAME"]+":"+env["NAIS_NAMESPACE"]+":"+env["NAIS_APP_NAME"])
	if port := env["PORT"]; port != "" {
		// NAIS sets 0.0.0.0, which other machines could reach.
		env.byDefault("BIND_ADDRESS", net.JoinHostPort("127.0.0.1", port))
	}
	return env
}

// resourceAttributes returns the attributes of the platform, followed by those of the user,
// as on NAIS. It drops the names that belong to the platform, and everything that is not a
// pair key=value.
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
