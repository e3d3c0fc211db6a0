package db

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

// seconds contains bucket boundaries in seconds. The semantic conventions advise these
// boundaries for durations.
var seconds = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

// Durations contains the histogram db.client.operation.duration.
type Durations struct {
	histogram metric.Float64Histogram
	failures  cache.Map[failure, []metric.RecordOption]
}

// A failure is a key in the cache of metric attributes. Operations of the same series with
// the same outcome share one entry.
type failure struct {
	series  *series
	outcome Outcome
}

// NewDurations creates the histogram with meter.
func NewDurations(meter metric.Meter) *Durations {
	histogram, err := dbconv.NewClientOperationDuration(meter, metric.WithExplicitBucketBoundaries(seconds...))
	if err != nil {
		otel.Handle(err)
	}
	return &Durations{histogram: histogram.Inst()}
}

// Record records the duration and the outcome of an operation. ctx must contain the span of
// the operation, because exemplars refer to this span.
func (d *Durations) Record(ctx context.Context, operation *Operation, o Outcome, elapsed time.Duration) {
	opts := operation.series.success
	if o.Type != "" {
		opts = d.failures.Get(failure{operation.series, o}, options)
	}
	d.histogram.Record(ctx, elapsed.Seconds(), opts...)
}

func options(f failure) []metric.RecordOption {
	attrs := append(slices.Clip(f.series.attributes), f.outcome.Attributes()...)
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}
