package setup

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// observe records what telemetry makes of itself, in two instruments: how many
// spans the exporter was done with, delivered or dropped and why, and how many
// exports of each signal failed.
//
// The first is that of the semantic conventions
// (https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/).
func (t *telemetry) observe(meter metric.Meter) error {
	spans, err := meter.Int64ObservableCounter("otel.sdk.exporter.span.exported",
		metric.WithUnit("{span}"),
		metric.WithDescription("The number of spans for which the export has finished, either successful or failed."))
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
		if delivered := t.ledger.Delivered(); delivered > 0 {
			o.ObserveInt64(spans, delivered)
		}
		drops, _ := t.ledger.Drops()
		for reason, n := range drops {
			o.ObserveInt64(spans, n, metric.WithAttributes(attribute.String("error.type", string(reason))))
		}
		for signal, n := range t.reporter.failureCounts() {
			o.ObserveInt64(failures, n, metric.WithAttributes(attribute.String("signal", signal)))
		}
		return nil
	}, spans, failures)
	return err
}
