package setup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/setup"
)

// marked contains functions that log one record with the Team Logs mark. Each function adds the
// mark in a different way.
var marked = map[string]func(*slog.Logger){
	"record":        func(l *slog.Logger) { l.Info("secret", setup.TeamLogs()) },
	"with":          func(l *slog.Logger) { l.With(setup.TeamLogs()).Info("secret", "n", 1) },
	"with, grouped": func(l *slog.Logger) { l.With(setup.TeamLogs()).WithGroup("g").With("a", 1).Info("secret", "n", 1) },
	"below a group": func(l *slog.Logger) { l.WithGroup("g").Info("secret", setup.TeamLogs()) },
	"in a group":    func(l *slog.Logger) { l.Info("secret", slog.Group("g", setup.TeamLogs())) },
	"inline":        func(l *slog.Logger) { l.Info("secret", slog.Group("", setup.TeamLogs())) },
	"valuer":        func(l *slog.Logger) { l.Info("secret", "request", valuer{slog.GroupValue(setup.TeamLogs())}) },
	"valuer, with":  func(l *slog.Logger) { l.With("request", valuer{slog.GroupValue(setup.TeamLogs())}).Info("secret") },
	"by hand":       func(l *slog.Logger) { l.Info("secret", "marker", "TEAM_LOGS") },
}

type valuer struct{ v slog.Value }

func (v valuer) LogValue() slog.Value { return v.v }

func TestTeamLogsGoToTheWriterAlone(t *testing.T) {
	replaceAll := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}}
	for name, log := range marked {
		for _, opts := range []*slog.HandlerOptions{nil, replaceAll} {
			t.Run(name, func(t *testing.T) {
				environment(t)
				t.Setenv("OTEL_TRACES_EXPORTER", "none")
				t.Setenv("OTEL_METRICS_EXPORTER", "none")
				var team, plain oteltest.Lines
				shutdown := mustStart(t, setup.WithTeamLogs(&team))
				log(slog.New(setup.LogHandler(&plain, opts)))
				if err := shutdown(context.Background()); err != nil {
					t.Error(err)
				}
				if got := team.All(t); len(got) != 1 || got[0]["severity"] != "INFO" || opts == nil && got[0]["message"] != "secret" {
					t.Errorf("team: got %v, want the record", got)
				}
				if plain.String() != "" {
					t.Errorf("log: got %q, want nothing", plain.String())
				}
			})
		}
	}
}

// TestTeamLogsAreAMetric checks that the last export of metrics counts a record that was logged just
// before the program ended.
func TestTeamLogsAreAMetric(t *testing.T) {
	var mu sync.Mutex
	var judged apm.Recording
	server, err := receiver.Listen(":0", receiver.Sink{Metrics: func(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		judged.Add(recording.Request{Metrics: r})
		return nil, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint())
	shutdown := mustStart(t, setup.WithTeamLogs(io.Discard))
	slog.New(setup.LogHandler(io.Discard, nil)).Info("secret", setup.TeamLogs())
	if err := shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, report := range judged.Judge() {
		if v, _ := report.Panel("Team Logs"); v.State == apm.Lit {
			return
		}
	}
	t.Error("no metric counts the record")
}

func TestTeamLogsOutsideOfNAIS(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
	buf := logLines(t)
	shutdown := mustStart(t)
	for range 10 {
		slog.Info("secret", setup.TeamLogs())
	}
	for deadline := time.Now().Add(10 * time.Second); buf.String() == "" && time.Now().Before(deadline); <-time.After(time.Millisecond) {
	}
	_ = shutdown(context.Background())
	got := buf.All(t)
	if strings.Contains(buf.String(), "secret") || len(got) == 0 || len(got) > 2 || !strings.Contains(fmt.Sprint(got[0]["error"]), "setup.WithTeamLogs") ||
		got[0]["endpoint"] != "team-logs.nais-system:5170" {
		t.Errorf("got %v, want one line about the dropped records, and at most one at the end", got)
	}
}

type brokenTeam struct{ how func() }

func (b brokenTeam) Write([]byte) (int, error) {
	b.how()
	return 0, errors.New("broken")
}

func TestTeamLogsSurviveTheirWriter(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	for name, how := range map[string]func(){"fails": func() {}, "panics": func() { panic("boom") }, "hangs": func() { <-hang }} {
		t.Run(name, func(t *testing.T) {
			environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
			buf := logLines(t)
			shutdown := mustStart(t, setup.WithTeamLogs(brokenTeam{how}))
			slog.Info("secret", setup.TeamLogs())
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			_ = shutdown(ctx)
			eventually(t, "that it was dropped", func() bool { return strings.Contains(buf.String(), "were dropped") })
		})
	}
}

func TestTeamLogsFromManyGoroutines(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
	var team oteltest.Lines
	shutdown := mustStart(t, setup.WithTeamLogs(&team))
	log := slog.New(setup.LogHandler(io.Discard, nil)).With(setup.TeamLogs())
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := range 100 {
				log.WithGroup("g").Info("secret", "i", i, "n", n)
			}
		})
	}
	wait.Wait()
	_ = shutdown(context.Background())
	if got := len(team.All(t)); got != 800 {
		t.Errorf("got %d records, want 800", got)
	}
}

// TestTeamLogsAreThoseOfTheRunningTelemetry checks a handler that is made before Start. While
// telemetry runs, the handler must use the writer of the running telemetry. After shutdown, it
// must no longer use that writer.
func TestTeamLogsAreThoseOfTheRunningTelemetry(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	log := slog.New(setup.LogHandler(io.Discard, nil)).With(setup.TeamLogs())
	for _, round := range []string{"first", "second"} {
		var team oteltest.Lines
		shutdown := mustStart(t, setup.WithTeamLogs(&team))
		log.Info(round)
		if _, err := setup.Start(t.Context()); err == nil {
			t.Error("a second Start: got no error")
		}
		log.Info(round)
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		log.Info(round)
		eventually(t, "that nothing waits", func() bool { return !setup.TeamIsBusy() })
		if n := strings.Count(team.String(), `"message":"`+round+`"`); n != 2 {
			t.Errorf("%s: got %d records, want the two from before shutdown: %s", round, n, &team)
		}
	}
}
