package setup

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// startLogs opens the ways of log records other than the log itself.
func (t *telemetry) startLogs(ctx context.Context, s *settings) error {
	theTeam.open(s.teamLogs, s.Logs.Endpoint != nil)
	t.last = append(t.last, teamProvider{theTeam})
	if s.Logs.Endpoint == nil {
		return nil
	}
	t.reporter.logs = s.Logs.Endpoint
	e, err := newLogExporter(ctx, s.Logs.Signal, t.records, t.reporter)
	if err != nil {
		return fmt.Errorf("setup: %s: %w", s.Logs.Endpoint.URL, err)
	}
	provider := sdklog.NewLoggerProvider(
		sdklog.WithResource(s.resource),
		sdklog.WithProcessor(newLogGate(e, s.Logs.Batch)),
	)
	otel.SetLoggerProvider(provider)
	exportedLogs.Store(&logProvider{provider})
	t.last = append(t.last, provider)
	if s.teamLogs != nil {
		theTeam.warnOfExport()
	}
	return nil
}

// teamProvider lets Team Logs end with the other signals.
type teamProvider struct{ queue *teamQueue }

func (teamProvider) ForceFlush(context.Context) error { return nil }

func (p teamProvider) Shutdown(ctx context.Context) error {
	p.queue.close(ctx)
	return nil
}
