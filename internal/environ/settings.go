package environ

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/internal/dialect"
)

// Settings is what an environment comes to.
type Settings struct {
	// Disabled means that nothing is set up, whatever else the variables say.
	Disabled bool
	// Resource describes the service. The version of the SDK is not in it.
	Resource   []attribute.KeyValue
	Propagator propagation.TextMapPropagator
	Sampler    Sampler
	Limits     Limits
	Traces     Signal
	Metrics    Metrics
	Logs       Logs
	Batch      Batch // of spans
	Dialect    *dialect.Dialect
	Peers      Peers
}

// Read reads env. resource are the attributes that the program chose, and ownSampler
// is whether it chose a sampler.
func Read(env *Environment, resource []attribute.KeyValue, ownSampler bool) *Settings {
	disabled, _ := env.boolean("OTEL_SDK_DISABLED")
	return &Settings{
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
}
