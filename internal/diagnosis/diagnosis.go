// Package diagnosis describes to spor doctor how package setup reads an environment.
package diagnosis

import "context"

// A Report is the result of reading an environment.
type Report struct {
	// Disabled means that no telemetry is set up. Then the other variables have no effect.
	Disabled bool
	// OnPlatform means that the environment is that of a NAIS pod.
	OnPlatform bool
	// Variables are the variables that were read, sorted by name.
	Variables []Variable
	// Problems are the values that cannot be used. Each text names the variable and says
	// how to correct its value.
	Problems []string
	// Sampler describes the sampler. Never means that it samples no trace that begins here.
	Sampler string
	Never   bool
	Traces  Signal
	Metrics Signal
	Logs    Signal

	// Export sends one span to the endpoint of traces, over a connection like that of a
	// program. It returns how many spans the collector rejected, and why.
	Export func(ctx context.Context, name string) (rejected int64, message string, err error)
	// Cure returns what to check first after an error of Export.
	Cure func(error) string
}

// A Variable is an environment variable that package setup reads.
type Variable struct {
	Name      string `json:"name"`
	Value     string `json:"value"`     // the value in the environment, without secrets
	Effective string `json:"effective"` // the value that setup uses, "" for none
}

// A Signal says where traces, metrics or logs are exported to.
type Signal struct {
	Exporter string // otlp, console or prometheus, or several of them with commas, or none
	URL      string // URL of the endpoint, "" without an endpoint
	Address  string // host:port
	TLS      bool
	Platform bool // no variable sets the endpoint: the default on NAIS
	Unnamed  bool // OTLP is selected, but no endpoint is set
}
