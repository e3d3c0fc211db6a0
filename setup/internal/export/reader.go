package export

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// A PeriodicReader is OpenTelemetry's reader, which exports metrics at an interval. Its exporter
// can find out which export is the last.
type PeriodicReader struct{ *sdkmetric.PeriodicReader }

// Shutdown collects and exports the metrics for the last time. If they cannot be collected,
// Shutdown reports the error, because the exporter is not called then.
func (r PeriodicReader) Shutdown(ctx context.Context) error {
	last := &lastExport{}
	err := r.PeriodicReader.Shutdown(context.WithValue(ctx, lastKey{}, last))
	if err == nil || last.begun {
		return err
	}
	err = fmt.Errorf("setup: the last metrics could not be collected: %w", err)
	otel.Handle(err)
	return err
}

type lastKey struct{}

// lastExport belongs to the context of the last export. If the export has too many points for
// one request, each of its requests has this context.
type lastExport struct{ begun bool }

// beginLast reports whether ctx is the context of the last export, and records that this export
// has begun.
func beginLast(ctx context.Context) bool {
	last, is := ctx.Value(lastKey{}).(*lastExport)
	if is {
		last.begun = true
	}
	return is
}
