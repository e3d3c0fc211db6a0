package setup

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// logSettings says where log records go, beside the log itself.
type logSettings struct {
	signalSettings
	batch batchSettings
}

func readLogs(env *environment) logSettings {
	s := logSettings{signalSettings: readSignal(env, "LOGS")}
	const most = 1 << 20
	const sizeVariable = "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"
	s.batch.queue = env.integer("OTEL_BLRP_MAX_QUEUE_SIZE", smallestQueue, 1, most)
	s.batch.size = env.integer(sizeVariable, min(512, s.batch.queue), 1, most)
	if s.batch.size > s.batch.queue {
		env.wrong(sizeVariable, env.text(sizeVariable), "is larger than the queue of "+strconv.Itoa(s.batch.queue)+
			" records (lower it, or raise OTEL_BLRP_MAX_QUEUE_SIZE); the queue's size is used")
		s.batch.size = s.batch.queue
	}
	s.batch.delay = env.milliseconds("OTEL_BLRP_SCHEDULE_DELAY", time.Second)
	s.batch.timeout = env.milliseconds("OTEL_BLRP_EXPORT_TIMEOUT", 30*time.Second)
	return s
}

// startLogs opens the ways of log records other than the log itself.
func (t *telemetry) startLogs(ctx context.Context, s *settings) error {
	theTeam.open(s.teamLogs, s.logs.endpoint != nil)
	t.last = append(t.last, teamProvider{theTeam})
	if s.logs.endpoint == nil {
		return nil
	}
	t.reporter.logs = s.logs.endpoint
	e, err := newLogExporter(ctx, s.logs.signalSettings, t.records, t.reporter)
	if err != nil {
		return fmt.Errorf("setup: %s: %w", s.logs.endpoint.url, err)
	}
	provider := sdklog.NewLoggerProvider(
		sdklog.WithResource(s.resource),
		sdklog.WithProcessor(newLogGate(e, s.logs.batch)),
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
