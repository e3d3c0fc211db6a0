// Package diagnosis reports how package setup reads an environment. The command spor doctor
// uses it.
package diagnosis

import "context"

// A Report is the result of reading an environment.
type Report struct {
	// If Disabled is true, telemetry is disabled and the other variables have no effect.
	Disabled bool
	// OnPlatform is true if the environment belongs to a NAIS pod.
	OnPlatform bool
	// Variables are the variables that were read, sorted by name.
	Variables []Variable
	// Problems describes the values that cannot be used. Each text contains the name of the
	// variable, and how to correct the value.
	Problems []string
	// Sampler describes the sampler. If the field Never is true, the sampler samples no
	// trace that begins in this program.
	Sampler string
	Never   bool
	Traces  Signal
	Metrics Signal
	Logs    Signal

	// Export sends one span to the endpoint for traces. Its connection has the same
	// settings as the connection of a program that uses package setup. It returns the
	// number of spans that the collector rejected, and the reason.
	Export func(ctx context.Context, name string) (rejected int64, message string, err error)
	// Cure returns what to check first after Export has returned an error.
	Cure func(error) string
}

// A Variable is an environment variable that package setup reads.
type Variable struct {
	Name      string `json:"name"`
	Value     string `json:"value"`     // the value in the environment, without secrets
	Effective string `json:"effective"` // the value that setup uses, or "" if setup uses no value
}

// A Signal describes where the traces, the metrics or the logs are exported to.
type Signal struct {
	Exporter string // a comma-separated list of otlp, console and prometheus; or the word none
	URL      string // URL of the endpoint, or "" if there is no endpoint
	Address  string // host:port
	TLS      bool
	Platform bool // the endpoint is the default on NAIS, because no variable sets it
	Unnamed  bool // OTLP is selected, but no endpoint is set
}
