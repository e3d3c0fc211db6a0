// Package examples_test runs the example programs in the same way as a user.
package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/receiver"
)

// The variable programs is the folder with the built example programs.
var programs string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "spor-examples-")
	if err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./http", "./grpc", "./sql", "./kafka", "./loadgen")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		programs = dir
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

type collector struct {
	*receiver.Server
	mu    sync.Mutex
	spans []*tracepb.Span
}

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, of := range r.GetResourceSpans() {
				for _, in := range of.GetScopeSpans() {
					c.spans = append(c.spans, in.GetSpans()...)
				}
			}
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	c.Server = server
	return c
}

// tree returns one line per span, with the kind and the name of the span. The lines of
// child spans follow the line of their parent and are indented.
func (c *collector) tree() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortFunc(c.spans, func(a, b *tracepb.Span) int { return int(a.GetStartTimeUnixNano()) - int(b.GetStartTimeUnixNano()) })
	var text strings.Builder
	var below func(parent []byte, depth int)
	below = func(parent []byte, depth int) {
		for _, span := range c.spans {
			if bytes.Equal(span.GetParentSpanId(), parent) {
				kind := strings.ToLower(strings.TrimPrefix(span.GetKind().String(), "SPAN_KIND_"))
				fmt.Fprintf(&text, "%s%s %s\n", strings.Repeat("  ", depth), kind, span.GetName())
				below(span.GetSpanId(), depth+1)
			}
		}
	}
	below(nil, 0)
	return text.String()
}

// The method want checks that the collector has received exactly the spans in tree.
func (c *collector) want(t *testing.T, tree string) {
	t.Helper()
	if got := c.tree(); got != tree {
		t.Errorf("got\n%swant\n%s", got, tree)
	}
}

type example struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

func (c *collector) start(t *testing.T, env []string, name string, args ...string) *example {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	e := &example{cmd: exec.CommandContext(ctx, filepath.Join(programs, name), args...)}
	e.cmd.Env = append(append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.Endpoint(), "OTEL_SERVICE_NAME="+name), env...)
	e.cmd.Stdout, e.cmd.Stderr = &e.log, &e.log
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return e
}

// end waits until the program has ended, and checks that its log is JSON.
func (e *example) end(t *testing.T) {
	t.Helper()
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &e.log)
	}
	for line := range strings.Lines(e.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// stop sends SIGTERM to the program, as NAIS does. It then calls end.
func (e *example) stop(t *testing.T) {
	t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	e.end(t)
}

// The function free returns an address on which a server can listen.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// get sends requests until a response has the status 200. It returns the body of this response.
func get(t *testing.T, url string) string {
	t.Helper()
	var body []byte
	eventually(t, func() bool {
		res, err := http.Get(url)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, err = io.ReadAll(res.Body)
		return err == nil && res.StatusCode == http.StatusOK
	})
	return string(body)
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("the condition was not met within 30 seconds")
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestHTTP(t *testing.T) {
	c := collect(t)
	address := free(t)
	e := c.start(t, []string{"BIND_ADDRESS=" + address}, "http")
	get(t, "http://"+address+"/hello/nais")
	e.stop(t)
	c.want(t, "server GET /hello/{name}\n")
	if !strings.Contains(e.log.String(), `"message":"hello","trace_id":"`) {
		t.Errorf("log has no trace:\n%s", &e.log)
	}
}

func TestGRPC(t *testing.T) {
	c := collect(t)
	address := free(t)
	server := c.start(t, []string{"BIND_ADDRESS=" + address}, "grpc")
	c.start(t, nil, "grpc", address).end(t)
	server.stop(t)
	c.want(t, "internal ask for a quote\n  client quotes.v1.Quotes/Get\n    server quotes.v1.Quotes/Get\n")
}

func TestSQL(t *testing.T) {
	c := collect(t)
	c.start(t, nil, "sql").end(t)
	c.want(t, "internal import quotes\n  client CREATE TABLE quotes\n  client INSERT quotes\n  client INSERT quotes\n  client SELECT quotes\n")
}

func TestKafka(t *testing.T) {
	c := collect(t)
	e := c.start(t, []string{"OTEL_BSP_SCHEDULE_DELAY=10"}, "kafka")
	const want = "producer examples.greetings publish\n  consumer examples.greetings process\n"
	eventually(t, func() bool { return c.tree() == want })
	e.stop(t)
	c.want(t, want)
}

func TestLoadgen(t *testing.T) {
	c := collect(t)
	address, metrics := free(t), free(t)
	target := c.start(t, []string{"BIND_ADDRESS=" + address}, "http")
	get(t, "http://"+address+"/hello/before")
	load := c.start(t, []string{"BIND_ADDRESS=" + metrics, "OTEL_METRICS_EXPORTER=prometheus", "OTEL_BSP_SCHEDULE_DELAY=10"},
		"loadgen", "--url", "http://"+address+"/hello/nais", "--rate", "50")
	eventually(t, func() bool {
		return strings.Count(c.tree(), "client GET\n") > 2
	})
	page := get(t, "http://"+metrics+"/metrics")
	for _, want := range []string{`loadgen_requests_total{code="200"} `, "loadgen_request_duration_seconds_bucket", "go_goroutines "} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in /metrics", want)
		}
	}
	load.stop(t)
	target.stop(t)
	clients := strings.Count(c.tree(), "client GET\n")
	if joined := strings.Count(c.tree(), "client GET\n  server GET /hello/{name}\n"); clients == 0 || joined != clients {
		t.Errorf("%d of %d client spans have a server span as their child", joined, clients)
	}
}

func TestLoadgenFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                                    "--url is missing",
		"--url nonsense":                      "want http://host/path",
		"--url http://localhost/ --rate 0":    "--rate 0: want more than 0",
		"--url http://localhost/ --workers 0": "--workers 0: want at least 1",
	} {
		out, err := exec.CommandContext(t.Context(), filepath.Join(programs, "loadgen"), strings.Fields(args)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
}

// TestREADME checks that the program in the README is the program in examples/http.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("http/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ = bytes.Cut(program, []byte("package main\n"))
	if _, first, found := bytes.Cut(readme, []byte("```go\npackage main\n")); !found || !bytes.HasPrefix(first, append(program, "```\n"...)) {
		t.Error("the program in the README differs from examples/http/main.go")
	}
}
