package setup

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/naislog"
)

// startLogs opens the ways of log records other than the log itself.
func (t *telemetry) startLogs(ctx context.Context, s *settings) error {
	t.team.Open(s.teamLogs, s.Logs.Endpoint != nil)
	t.last = append(t.last, t.team)
	if s.Logs.Endpoint == nil {
		return nil
	}
	t.reporter.RecordsGoTo = s.Logs.Endpoint
	client, err := export.NewLogClient(ctx, s.Logs.Signal, t.reporter)
	if err != nil {
		return fmt.Errorf("setup: %s: %w", s.Logs.Endpoint.URL, err)
	}
	batch := s.Logs.Batch
	t.logs = sdklog.NewLoggerProvider(
		sdklog.WithResource(s.resource),
		sdklog.WithProcessor(naislog.NewProcessor(client, &t.reporter.Records, batch.Queue, sdklog.WithExportMaxBatchSize(batch.Size),
			sdklog.WithExportInterval(batch.Delay), sdklog.WithExportTimeout(batch.Timeout))),
	)
	otel.SetLoggerProvider(t.logs)
	t.last = append(t.last, t.logs)
	return nil
}
