// Package diagnosis describes an environment to spor doctor as package setup reads it.
package diagnosis

import "context"

// A Report is what setup makes of an environment.
type Report struct {
	// Disabled means that nothing is set up, whatever else the variables say.
	Disabled bool
	// OnPlatform means that the environment is that of a NAIS pod.
	OnPlatform bool
	// Variables are those that were read, sorted by name.
	Variables []Variable
	// Problems say what is wrong, each with the variable and its cure.
	Problems []string
	// Sampler describes the sampler; Never means that it takes no trace that
	// begins here.
	Sampler string
	Never   bool
	Traces  Signal
	Metrics Signal
	Logs    Signal

	// Export sends one span to where traces go, over a connection like that of a
	// program. It returns how many spans the collector says it rejected, and why.
	Export func(ctx context.Context, name string) (rejected int64, message string, err error)
	// Cure says what to look at first after an error of Export.
	Cure func(error) string
}

// A Variable is one that setup reads.
type Variable struct {
	Name      string `json:"name"`
	Value     string `json:"value"`     // as it is set, without secrets
	Effective string `json:"effective"` // what it comes to, "" for nothing
}

// A Signal is where traces, metrics or logs go.
type Signal struct {
	Exporter string // otlp, console, prometheus, several with commas, or none
	URL      string // of the endpoint, "" without one
	Address  string // host:port
	TLS      bool
	Platform bool // nobody named it: the platform's default
	Unnamed  bool // OTLP is wanted, and no endpoint is named
}
