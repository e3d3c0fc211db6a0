package pgxtrace_test

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
)

// TestUnrecordedParent checks statements whose parent span is not recorded. If the parent
// span is from the same provider, the statements must make no span, but must be measured.
// If the parent span is from another provider, the statements must make spans.
func TestUnrecordedParent(t *testing.T) {
	unsampled, sampled := oteltest.New(t, sdktrace.WithSampler(sdktrace.NeverSample())), oteltest.New(t)
	ctx, span := unsampled.TracerProvider.Tracer("test").Start(t.Context(), "request")
	defer span.End()
	for _, test := range []struct {
		name  string
		sdk   *oteltest.SDK
		spans int
	}{{"of the same provider", unsampled, 0}, {"of another", sampled, 1}} {
		t.Run(test.name, func(t *testing.T) {
			pool := new(server).open(t, test.sdk, "")
			if err := query(ctx, pool, point, "1"); err != nil {
				t.Fatal(err)
			}
			if got := len(ended(test.sdk)); got != test.spans {
				t.Errorf("%d spans, want %d", got, test.spans)
			}
			if points := test.sdk.Seconds(t, "db.client.operation.duration"); len(points) != 1 || points[0].Count != 1 {
				t.Errorf("db.client.operation.duration: got %v", points)
			}
		})
	}
}
