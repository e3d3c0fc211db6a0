package naislog_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nais/spor/internal/oteltest"

	"github.com/nais/spor/setup/internal/naislog"
)

func listenForTeam(t *testing.T) (net.Listener, *naislog.Team) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	environment := map[string]string{
		"NAIS_CLUSTER_NAME": "dev-gcp", "NAIS_NAMESPACE": " team-quotes ", "NAIS_POD_NAME": "quotes-1", "NAIS_APP_NAME": "quotes",
		"GOOGLE_CLOUD_PROJECT": "quotes-dev",
	}
	return l, naislog.NewTeam(l.Addr().String(), func(name string) string { return environment[name] }, slog.Default)
}

func TestTeamLogsSpeakToThePlatform(t *testing.T) {
	l, team := listenForTeam(t)
	buf := logLines(t, outputs{team})
	team.Open(nil, false)
	slog.ErrorContext(remote(sampledParent), "refused", naislog.TeamMark(), "ident", "01017012345", "error", failDeep())
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
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "error.type": "*naislog_test.traced",
	} {
		if got[key] != want {
			t.Errorf("%s: got %v, want %q", key, got[key], want)
		}
	}
	conn.Close() // the platform restarts its receiver
	eventually(t, "a record on a new connection", func() bool {
		slog.Info("again", naislog.TeamMark())
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(100 * time.Millisecond))
		conn, err := l.Accept()
		if err != nil {
			return false
		}
		defer conn.Close()
		line, err := bufio.NewReader(conn).ReadString('\n')
		return err == nil && strings.Contains(line, `"message":"again"`)
	})
	_ = team.Shutdown(context.Background())
	if text := buf.String(); strings.Contains(text, "refused") || strings.Contains(text, "again") {
		t.Errorf("log: got %q, want no marked record", text)
	}
}

func TestTeamLogsNeverWait(t *testing.T) {
	l, team := listenForTeam(t) // the kernel accepts connections, but the test never reads
	buf := logLines(t, outputs{team})
	team.Open(nil, false)
	text := strings.Repeat("x", 10_000)
	begin := time.Now()
	const records = 3000
	for range records {
		slog.Info("secret", naislog.TeamMark(), "text", text)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %s, want no waiting", took)
	}
	eventually(t, "a full queue", func() bool { return strings.Contains(buf.String(), "the queue is full") })
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_ = team.Shutdown(ctx)
	l.Close()
	counted := 0.0
	for _, line := range buf.All(t) {
		if line["message"] != "records for Team Logs were dropped" || line["level"] != "WARN" || line["cure"] == nil {
			t.Errorf("got %v", line)
		}
		n, _ := line["records"].(float64)
		counted += n
	}
	if n := len(buf.All(t)); n > 2 {
		t.Errorf("got %d reports, want one for the first dropped record and one at the end", n)
	}
	if most := float64(records); counted < most/2 || counted > most {
		t.Errorf("the reports have %v records, want most of %v", counted, most)
	}
}

func TestTeamLogsLeaveOtherRecordsAlone(t *testing.T) {
	line := logged(t, nil, func(l *slog.Logger) { l.Info("m", "marker", "other", "team_logs", true) })
	if line["marker"] != "other" || line["message"] != "m" {
		t.Errorf("got %v", line)
	}
}

func TestTeamLogsWaitForTheWriter(t *testing.T) {
	l, team := listenForTeam(t)
	l.Close() // from now on, no server listens at the address
	buf := logLines(t, outputs{team})
	slog.Info("early", naislog.TeamMark())
	var w oteltest.Lines
	team.Open(&w, false)
	eventually(t, "the record", func() bool { return strings.Contains(w.String(), `"message":"early"`) })
	if err := team.Shutdown(t.Context()); err != nil || team.IsBusy() || buf.String() != "" {
		t.Errorf("got %v, %s, want nothing dropped", err, buf)
	}
}

// slowWriter needs a second for each line.
type slowWriter struct{}

func (slowWriter) Write(line []byte) (int, error) {
	<-time.After(time.Second)
	return len(line), nil
}

// TestDrain checks that Drain waits until all lines are delivered, but not longer than its context.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		team := naislog.NewTeam("", func(string) string { return "" }, slog.Default)
		team.Open(slowWriter{}, false)
		for range 3 {
			if _, err := team.Write([]byte("line\n")); err != nil {
				t.Fatal(err)
			}
		}
		short, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
		defer cancel()
		for _, step := range []struct {
			ctx       context.Context
			delivered int64
		}{{short, 1}, {context.Background(), 3}, {context.Background(), 3}} {
			team.Drain(step.ctx)
			if got := team.Delivered(); got != step.delivered {
				t.Errorf("%d lines were delivered, want %d", got, step.delivered)
			}
		}
		_ = team.Shutdown(context.Background())
	})
}
