package setup_test

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/setup"
)

// TestLateAttributes checks whether instrumentation is allowed to set attributes late, at the
// end of a span. This is allowed unless the program has its own sampler or span processor.
func TestLateAttributes(t *testing.T) {
	for name, test := range map[string]struct {
		opts []setup.Option
		late bool
	}{
		"as it comes":   {nil, true},
		"own sampler":   {[]setup.Option{setup.WithSampler(sdktrace.AlwaysSample())}, false},
		"own processor": {[]setup.Option{setup.WithSpanProcessor(&ended{})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := listen(t, ":0")
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
			logLines(t)
			shutdown := mustStart(t, test.opts...)
			if got := providers.NewTracer(nil, "test").Late(); got != test.late {
				t.Errorf("late: %v", got)
			}
			if err := shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
