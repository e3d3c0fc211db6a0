package setup_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nais/spor/setup"
)

// marked logs one record of every kind that has the mark.
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
				setup.ForgetTeam()
				var team, plain lines
				shutdown := mustStart(t, setup.WithTeamLogs(&team))
				log(slog.New(setup.LogHandler(&plain, opts)))
				if err := shutdown(context.Background()); err != nil {
					t.Error(err)
				}
				if got := team.all(t); len(got) != 1 || got[0]["severity"] != "INFO" || opts == nil && got[0]["message"] != "secret" {
					t.Errorf("team: got %v, want the record", got)
				}
				if plain.String() != "" {
					t.Errorf("log: got %q, want nothing", plain.String())
				}
			})
		}
	}
}

func TestTeamLogsLeaveOtherRecordsAlone(t *testing.T) {
	line := logged(t, nil, func(l *slog.Logger) { l.Info("m", "marker", "other", "team_logs", true) })
	if line["marker"] != "other" || line["message"] != "m" {
		t.Errorf("got %v", line)
	}
}

// teamEndpoint is a listener that takes the place of Team Logs.
func teamEndpoint(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Cleanup(setup.SetTeamAddress(l.Addr().String()))
	environment(t, "NAIS_CLUSTER_NAME", "dev-gcp", "NAIS_NAMESPACE", "team-quotes", "NAIS_POD_NAME", "quotes-1", "NAIS_APP_NAME", "quotes",
		"OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
	t.Setenv("GOOGLE_CLOUD_PROJECT", "quotes-dev")
	setup.ForgetTeam()
	return l
}

func TestTeamLogsSpeakToThePlatform(t *testing.T) {
	l := teamEndpoint(t)
	buf := logLines(t)
	shutdown := mustStart(t)
	slog.ErrorContext(remote(sampledParent), "refused", setup.TeamLogs(), "ident", "01017012345", "error", failDeep())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	var got map[string]any
	if line, err := in.ReadBytes('\n'); err != nil || json.Unmarshal(line, &got) != nil {
		t.Fatalf("got %q, %v, want a line of JSON", line, err)
	}
	for key, want := range map[string]string{
		"google_cloud_project": "quotes-dev", "nais_namespace_name": "team-quotes", "nais_pod_name": "quotes-1",
		"nais_container_name": "quotes", "message": "refused", "severity": "ERROR", "level": "ERROR", "ident": "01017012345",
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "error.type": "*setup_test.traced",
	} {
		if got[key] != want {
			t.Errorf("%s: got %v, want %q", key, got[key], want)
		}
	}
	conn.Close() // the platform restarts its receiver
	eventually(t, "a record on a new connection", func() bool {
		slog.Info("again", setup.TeamLogs())
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(100 * time.Millisecond))
		conn, err := l.Accept()
		if err != nil {
			return false
		}
		defer conn.Close()
		line, err := bufio.NewReader(conn).ReadString('\n')
		return err == nil && strings.Contains(line, `"message":"again"`)
	})
	_ = shutdown(context.Background())
	if text := buf.String(); strings.Contains(text, "refused") || strings.Contains(text, "again") {
		t.Errorf("log: got %q, want no marked record", text)
	}
}

func TestTeamLogsNeverWait(t *testing.T) {
	l := teamEndpoint(t) // accepts in the kernel, and never reads
	buf := logLines(t)
	shutdown := mustStart(t)
	text := strings.Repeat("x", 10_000)
	begin := time.Now()
	const records = 3000
	for range records {
		slog.Info("secret", setup.TeamLogs(), "text", text)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %s, as if it waited", took)
	}
	eventually(t, "that the queue is full", func() bool { return strings.Contains(buf.String(), "the queue is full") })
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_ = shutdown(ctx)
	l.Close()
	told := 0.0
	for _, line := range buf.all(t) {
		if line["message"] != "records for Team Logs were dropped" || line["level"] != "WARN" || line["cure"] == nil {
			t.Errorf("got %v", line)
		}
		n, _ := line["records"].(float64)
		told += n
	}
	if n := len(buf.all(t)); n > 2 {
		t.Errorf("told %d times, want at the first one and at the end", n)
	}
	if most := float64(records); told < most/2 || told > most {
		t.Errorf("told of %v records, want most of %v", told, most)
	}
}

func TestTeamLogsOutsideOfNAIS(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
	setup.ForgetTeam()
	buf := logLines(t)
	shutdown := mustStart(t)
	for range 10 {
		slog.Info("secret", setup.TeamLogs())
	}
	for deadline := time.Now().Add(10 * time.Second); buf.String() == "" && time.Now().Before(deadline); <-time.After(time.Millisecond) {
	}
	_ = shutdown(context.Background())
	got := buf.all(t)
	if strings.Contains(buf.String(), "secret") || len(got) == 0 || len(got) > 2 || !strings.Contains(fmt.Sprint(got[0]["error"]), "setup.WithTeamLogs") {
		t.Errorf("got %v, want one line about it, and one at the end", got)
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
			setup.ForgetTeam()
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
	setup.ForgetTeam()
	var team lines
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
	if got := len(team.all(t)); got != 800 {
		t.Errorf("got %d records, want 800", got)
	}
}
