package main

import (
	"crypto/rand"
	"maps"
	"net"
	"strings"
)

// The constant cluster is the default value of NAIS_CLUSTER_NAME.
const cluster = "local"

type environ map[string]string

// environOf converts pairs in the form KEY=VALUE to an environment. If a name occurs more than
// once, the last value is used.
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

// byDefault sets the variable key to value if this variable is not set yet. A variable with an
// empty value counts as set.
func (e environ) byDefault(key, value string) {
	if _, ok := e[key]; !ok {
		e[key] = value
	}
}

// naisEnviron returns the environment for the command in o. This is base with more variables:
// the variables that NAIS would set, and the variables in o. endpoint is the address of spor's
// receiver, which the command uses instead of a collector.
func naisEnviron(base []string, o runOptions, endpoint string) environ {
	env := environOf(base)

	// The platform sets these variables itself, and replaces the values that the user has set.
	env["OTEL_SERVICE_NAME"] = o.name
	env["OTEL_RESOURCE_ATTRIBUTES"] = resourceAttributes(o, env["OTEL_RESOURCE_ATTRIBUTES"])
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
	env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
	env["OTEL_EXPORTER_OTLP_INSECURE"] = "true"

	env.byDefault("OTEL_PROPAGATORS", "tracecontext,baggage")
	env.byDefault("OTEL_TRACES_SAMPLER", "parentbased_always_on")
	env.byDefault("OTEL_LOGS_EXPORTER", "none")
	// On NAIS, the delay is the SDK's default of 5 s. It is shorter here, because a user is
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
		// NAIS sets the host 0.0.0.0. Here it is 127.0.0.1, so that other machines cannot reach
		// the program.
		env.byDefault("BIND_ADDRESS", net.JoinHostPort("127.0.0.1", port))
	}
	return env
}

// resourceAttributes returns the attributes of the platform, followed by the user's attributes,
// in the same order as on NAIS. It drops a user's attribute in two cases: if only the platform
// may set an attribute with this name, or if the attribute is not a pair key=value.
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
