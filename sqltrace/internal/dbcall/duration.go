package dbcall

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/nais/spor/internal/cache"
)

// seconds are the boundaries that the conventions advise for durations.
var seconds = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

// Slack is how much later than the database's answer a span may end: telling the
// difference would cost more than it says.
const Slack = 50 * time.Microsecond

// Durations is db.client.operation.duration.
type Durations struct {
	histogram metric.Float64Histogram
	failures  cache.Map[failure, []metric.RecordOption]
}

// failure tells the series of calls that did not succeed.
type failure struct {
	series  *series
	outcome Outcome
}

// NewDurations returns the histogram of a meter.
func NewDurations(meter metric.Meter) *Durations {
	histogram, err := dbconv.NewClientOperationDuration(meter, metric.WithExplicitBucketBoundaries(seconds...))
	if err != nil {
		otel.Handle(err)
	}
	return &Durations{histogram: histogram.Inst()}
}

// Record measures a call. ctx has the span of the call, for exemplars.
func (d *Durations) Record(ctx context.Context, s *Statement, o Outcome, elapsed time.Duration) {
	opts := s.series.success
	if o.Type != "" {
		opts = d.failures.Get(failure{s.series, o}, options)
	}
	d.histogram.Record(ctx, elapsed.Seconds(), opts...)
}

func options(f failure) []metric.RecordOption {
	attrs := append(slices.Clip(f.series.attributes), f.outcome.Attributes()...)
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}
