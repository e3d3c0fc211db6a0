//go:build !race

package integration

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/plugin/kotel"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// TestKgoAllocatesLessThanKotel tests that spor makes fewer allocations than kotel: when a
// record is produced, and when a record is processed. There is no broker, and there are no
// metrics.
func TestKgoAllocatesLessThanKotel(t *testing.T) {
	for name, tt := range map[string]struct {
		sampler          sdktrace.Sampler
		produce, process float64
	}{
		"never sampled": {sdktrace.NeverSample(), 8, 8},
		"sampled":       {sdktrace.AlwaysSample(), 15, 18},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.NewSilent(t, tt.sampler)
			ours := newSporKgo(t, kafkatrace.WithTracerProvider(sdk.TracerProvider),
				kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()), kafkatrace.WithPropagator(oteltest.W3C))
			rival := newKotelKgo(kotel.TracerProvider(sdk.TracerProvider), kotel.TracerPropagator(oteltest.W3C))
			produced, fetched := kgoRecords()
			for what, limit := range map[string]float64{"produce": tt.produce, "process": tt.process} {
				allocs := func(l kgoLibrary) float64 {
					return testing.AllocsPerRun(1000, func() {
						if what == "produce" {
							l.produce(produced())
						} else {
							l.process(context.Background(), fetched())
						}
					})
				}
				got, theirs := allocs(ours), allocs(rival)
				t.Logf("%s: %v allocations, kotel %v", what, got, theirs)
				if got > limit || got >= theirs {
					t.Errorf("%s: %v allocations, want at most %v, and fewer than kotel's %v", what, got, limit, theirs)
				}
			}
		})
	}
}
