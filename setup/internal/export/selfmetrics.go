package export

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/setup/internal/spanstats"
)

// Observe registers four instruments with meter:
//   - The first counts the spans that the exporter delivered or dropped, with the reason
//     for dropping.
//   - The second counts the log records, and the third the metric data points, in the same way.
//   - The fourth counts the failed exports per signal.
//
// team returns the number of records that were delivered to Team Logs. The second instrument counts
// them with the attribute otel.component.type=team_logs.
//
// The first three instruments follow the semantic conventions
// (https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/). The export of a point that a
// later export replaces has not finished, so the point is not counted.
func (r *Reporter) Observe(meter metric.Meter, team func() int64) error {
	spans, err := meter.Int64ObservableCounter("otel.sdk.exporter.span.exported",
		metric.WithUnit("{span}"),
		metric.WithDescription("The number of spans for which the export has finished, either successful or failed."))
	if err != nil {
		return err
	}
	records, err := meter.Int64ObservableCounter("otel.sdk.exporter.log.exported",
		metric.WithUnit("{log_record}"),
		metric.WithDescription("The number of log records for which the export has finished, either successful or failed."))
	if err != nil {
		return err
	}
	points, err := meter.Int64ObservableCounter("otel.sdk.exporter.metric_data_point.exported",
		metric.WithUnit("{data_point}"),
		metric.WithDescription("The number of metric data points for which the export has finished, either successful or failed."))
	if err != nil {
		return err
	}
	failures, err := meter.Int64ObservableCounter("spor.export.failures",
		metric.WithUnit("{export}"),
		metric.WithDescription("The number of exports that were given up."))
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		observeStats(o, spans, &r.Spans)
		observeStats(o, records, &r.Records)
		observeStats(o, points, &r.Points)
		if delivered := team(); delivered > 0 {
			o.ObserveInt64(records, delivered, metric.WithAttributes(semconv.OTelComponentTypeKey.String("team_logs")))
		}
		for signal, n := range r.failureCounts() {
			o.ObserveInt64(failures, n, metric.WithAttributes(attribute.String("signal", signal)))
		}
		return nil
	}, spans, records, points, failures)
	return err
}

func observeStats(o metric.Observer, counter metric.Int64Observable, l *spanstats.Stats) {
	if delivered := l.Delivered(); delivered > 0 {
		o.ObserveInt64(counter, delivered)
	}
	drops, _ := l.Drops()
	for reason, n := range drops {
		o.ObserveInt64(counter, n, metric.WithAttributes(attribute.String("error.type", string(reason))))
	}
}
