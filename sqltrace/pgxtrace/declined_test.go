package pgxtrace_test

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
)

// Under a span that the provider itself does not record there are no others, but
// the measurements. Another provider's decision is its own.
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
				t.Errorf("measured %v", points)
			}
		})
	}
}
