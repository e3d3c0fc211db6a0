package environ

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/internal/dialect"
)

// Settings is the result of reading an environment.
type Settings struct {
	// Disabled means that telemetry is disabled. Then the other settings have no effect.
	Disabled bool
	// Resource describes the service. It does not contain the version of the SDK.
	Resource   []attribute.KeyValue
	Propagator propagation.TextMapPropagator
	Sampler    Sampler
	Limits     Limits
	Traces     Signal
	Metrics    Metrics
	Logs       Logs
	Batch      Batch // for spans
	Dialect    *dialect.Dialect
	Peers      Peers
}

// Read reads env. The parameter resource contains the attributes that the program sets.
// ownSampler is true if the program sets a sampler.
func Read(env *Environment, resource []attribute.KeyValue, ownSampler bool) *Settings {
	disabled, _ := env.boolean("OTEL_SDK_DISABLED")
	nameUnsupported(env)
	LogLevel(env) // package setup has read it when the program started, and could not report a problem
	settings := &Settings{
		Disabled:   disabled,
		Resource:   readResource(env, resource),
		Propagator: readPropagator(env),
		Sampler:    readSampler(env, ownSampler),
		Limits:     readLimits(env),
		Traces:     readSignal(env, "TRACES"),
		Metrics:    readMetrics(env),
		Logs:       readLogs(env),
		Batch:      readBatch(env),
		Dialect:    dialect.New(dialect.ParseOptIn(env.Text(dialect.Variable))),
		Peers:      readPeers(env),
	}
	nameTypos(env)
	return settings
}
