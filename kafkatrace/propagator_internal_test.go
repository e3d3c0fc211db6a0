package kafkatrace

import (
	"testing"

	"github.com/nais/spor/internal/environ"
)

// TestPropagatorOfSetup checks that the propagator that setup installs uses the faster code.
func TestPropagatorOfSetup(t *testing.T) {
	for value, want := range map[string]bool{"": true, "tracecontext": true, "baggage": false, "none": false} {
		env := &environ.Environment{
			Get: func(name string) string {
				if name == "OTEL_PROPAGATORS" {
					return value
				}
				return ""
			},
			All: func() []string { return nil },
		}
		if got := isTraceContext(environ.Read(env, nil, false).Propagator); got != want {
			t.Errorf("OTEL_PROPAGATORS=%q: got %t, want %t", value, got, want)
		}
	}
}
