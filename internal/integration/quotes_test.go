//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

type quotes struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

func newQuotes(tb testing.TB, endpoint string, args ...string) *quotes {
	tb.Helper()
	q := &quotes{cmd: program(tb, "quotes", args...)}
	q.cmd.Env = append(os.Environ(), "OTEL_SERVICE_NAME=quotes", "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint)
	q.cmd.Stdout, q.cmd.Stderr = &q.stdout, &q.stderr
	return q
}

// lines returns the log lines of q. If a line is not JSON, the test fails.
func (q *quotes) lines(tb testing.TB) []map[string]any {
	tb.Helper()
	var objects []map[string]any
	for line := range strings.Lines(q.stdout.String() + q.stderr.String()) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			tb.Fatalf("not JSON: %q: %v", line, err)
		}
		objects = append(objects, object)
	}
	return objects
}

// spansEnded returns the number of ended spans, which quotes writes into its last log line.
func (q *quotes) spansEnded(tb testing.TB) int {
	tb.Helper()
	lines := q.lines(tb)
	ended, ok := lines[len(lines)-1]["spans_ended"].(float64)
	if !ok {
		tb.Fatalf("last line: got %v, want spans_ended", lines[len(lines)-1])
	}
	return int(ended)
}

func TestQuotesRound(t *testing.T) {
	c := listen(t, ":0")
	q := newQuotes(t, c.Endpoint(), "-once")
	if err := q.cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
	}
	got := outlines(c.received())
	want := []string{
		"CLIENT CREATE TABLE quotes",
		"CLIENT CREATE TABLE statistics",
		"SERVER GET /statistics > CLIENT GET > SERVER GET /statistics > CLIENT SELECT statistics",
		"SERVER POST /quotes > CLIENT quotes.v1.Quotes/Create > SERVER quotes.v1.Quotes/Create > CLIENT INSERT quotes" +
			" > PRODUCER quotes.created publish > CONSUMER quotes.created process > CLIENT INSERT statistics",
		"SERVER GET /quotes/{id} > CLIENT quotes.v1.Quotes/Get > SERVER quotes.v1.Quotes/Get > CLIENT SELECT quotes",
		"SERVER GET /quotes > CLIENT quotes.v1.Quotes/List > SERVER quotes.v1.Quotes/List > CLIENT SELECT quotes",
		"SERVER GET /quotes/{id} > CLIENT quotes.v1.Quotes/Get > SERVER quotes.v1.Quotes/Get > CLIENT SELECT quotes",
		"SERVER GET",
		"SERVER GET /boom! > CLIENT quotes.v1.Quotes/Boom! > SERVER quotes.v1.Quotes/Boom! exception",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("traces: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, s := range c.received() {
		if strings.HasPrefix(s.GetName(), "quotes.v1.Quotes/") {
			checkRPC(t, s)
		}
		if strings.HasSuffix(s.GetName(), " quotes") {
			checkDatabase(t, s)
		}
	}
}

// checkDatabase tests the attributes of a span of the store. The span must have both the names
// that the platform's Database tab reads and the names of the semantic conventions.
func checkDatabase(t *testing.T, s *tracepb.Span) {
	t.Helper()
	got := map[string]string{}
	for _, attr := range s.GetAttributes() {
		got[attr.GetKey()] = attr.GetValue().GetStringValue()
	}
	operation := strings.TrimSuffix(s.GetName(), " quotes")
	for key, want := range map[string]string{
		"db.system": "sqlite", "db.name": "quotes.db", "db.operation": operation, "db.sql.table": "quotes",
		"db.system.name": "sqlite", "db.namespace": "quotes.db", "db.operation.name": operation, "db.collection.name": "quotes",
		"db.statement": got["db.query.text"],
	} {
		if got[key] != want || want == "" {
			t.Errorf("%s: %s is %q, want %q", s.GetName(), key, got[key], want)
		}
	}
}

// checkRPC tests that a gRPC span has the attributes by which the platform groups spans.
func checkRPC(t *testing.T, s *tracepb.Span) {
	t.Helper()
	got := map[string]string{}
	for _, attr := range s.GetAttributes() {
		got[attr.GetKey()] = attr.GetValue().GetStringValue()
	}
	service, method, _ := strings.Cut(s.GetName(), "/")
	for key, want := range map[string]string{"rpc.system": "grpc", "rpc.service": service, "rpc.method": method} {
		if got[key] != want {
			t.Errorf("%s %s: %s is %q, want %q", s.GetKind(), s.GetName(), key, got[key], want)
		}
	}
}

// outlines returns a text for each trace, such as "KIND name > KIND name". It writes "!" after
// the name of a span with an error.
func outlines(spans []*tracepb.Span) []string {
	children := map[string][]*tracepb.Span{}
	for _, s := range spans {
		children[string(s.GetParentSpanId())] = append(children[string(s.GetParentSpanId())], s)
	}
	var roots []string
	for _, s := range children[""] {
		roots = append(roots, outline(s, children))
	}
	return roots
}

func outline(s *tracepb.Span, children map[string][]*tracepb.Span) string {
	text := strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_") + " " + s.GetName()
	if s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR {
		text += "!"
	}
	for _, event := range s.GetEvents() {
		text += " " + event.GetName()
	}
	for _, child := range children[string(s.GetSpanId())] {
		text += " > " + outline(child, children)
	}
	return text
}

func TestQuotesLosesNoSpan(t *testing.T) {
	for i := range 100 {
		c := listen(t, ":0")
		q := newQuotes(t, c.Endpoint(), "-once")
		if err := q.cmd.Run(); err != nil {
			t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
		}
		if got, want := len(c.received()), q.spansEnded(t); got != want || want == 0 {
			t.Errorf("run %d: received %d of %d spans", i, got, want)
		}
		c.Stop()
	}
}

func TestQuotesLosesNoSpanWhenStoppedInTraffic(t *testing.T) {
	for i := range 10 {
		c := listen(t, ":0")
		q := newQuotes(t, c.Endpoint())
		address := closedPort(t)
		q.cmd.Env = append(q.cmd.Env, "PORT="+address[strings.LastIndexByte(address, ':')+1:], "OTEL_BSP_SCHEDULE_DELAY=50")
		if err := q.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		awaitServing(t, address)
		stop := load(address, 4)
		<-time.After(time.Duration(100+20*i) * time.Millisecond)
		if err := q.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		err := q.cmd.Wait()
		stop()
		if err != nil {
			t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
		}
		if got, want := len(c.received()), q.spansEnded(t); got != want || want < 10 {
			t.Errorf("run %d: received %d of %d spans", i, got, want)
		}
		c.Stop()
	}
}

// awaitServing waits until the server at address answers.
func awaitServing(tb testing.TB, address string) {
	tb.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		resp, err := http.Get("http://" + address + "/internal/isready")
		if err == nil {
			resp.Body.Close()
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	tb.Fatal("quotes does not answer requests")
}

// The function load starts the given number of clients. They send requests until stop is called.
func load(address string, clients int) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			for {
				select {
				case <-done:
					client.CloseIdleConnections()
					return
				default:
				}
				resp, err := client.Get(fmt.Sprintf("http://%s/quotes/%d", address, i))
				if err == nil {
					resp.Body.Close()
				}
			}
		})
	}
	return func() {
		close(done)
		wait.Wait()
	}
}

func TestQuotesWithoutACollector(t *testing.T) {
	for _, tt := range []struct{ name, endpoint string }{
		{"refused", "http://" + closedPort(t)},
		{"accepted and never answered", "http://" + blackHole(t)},
		{"unresolvable", "http://collector.invalid:4317"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := newQuotes(t, tt.endpoint, "-once")
			begin := time.Now()
			if err := q.cmd.Run(); err != nil {
				t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
			}
			if took := time.Since(begin); took > 6*time.Second {
				t.Errorf("took %s, want at most the flush timeout of 5 s", took)
			}
			var said []map[string]any
			for _, line := range q.lines(t) {
				if line["endpoint"] != nil {
					said = append(said, line)
				}
			}
			if len(said) != 1 || said[0]["endpoint"] != tt.endpoint || said[0]["cure"] == nil {
				t.Errorf("log lines about the collector: got %v, want one line with endpoint and cure", said)
			}
		})
	}
}

func TestQuotesWithTheWrongProtocol(t *testing.T) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_PROTOCOL"} {
		c := listen(t, ":0")
		q := newQuotes(t, c.Endpoint(), "-once")
		q.cmd.Env = append(q.cmd.Env, name+"=http/protobuf")
		if err := q.cmd.Run(); err != nil {
			t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
		}
		if first := q.lines(t)[0]; first["level"] != "ERROR" || !strings.Contains(fmt.Sprint(first["error"]), name) {
			t.Errorf("first log line: got %v, want an error that contains %s", first, name)
		}
		if got := len(c.received()); got != 0 {
			t.Errorf("spans: got %d, want none", got)
		}
	}
}

func TestQuotesFindsItsCollectorAgain(t *testing.T) {
	address := closedPort(t)
	q := newQuotes(t, "http://"+address)
	q.cmd.Env = append(q.cmd.Env, "OTEL_BSP_SCHEDULE_DELAY=100")
	if err := q.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// gRPC waits longer after each failed attempt to connect. After 25 seconds, this delay is
	// longer than five seconds.
	<-time.After(25 * time.Second)
	c := listen(t, address)
	back := time.Now()
	for len(c.received()) == 0 {
		if time.Since(back) > 5*time.Second {
			t.Fatal("no span within 5 s after the collector came back")
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Logf("first span %s after the collector came back", time.Since(back))
	if err := q.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := q.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := len(c.received()), q.spansEnded(t); got != want {
		t.Errorf("received %d of %d spans after the outage", got, want)
	}
}
