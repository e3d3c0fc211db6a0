package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup"
)

// plan describes the work of a program. The program ends spans at a certain rate, from
// several goroutines.
type plan struct {
	// Pipeline is the name of a pipeline:
	//   - spor: package setup with its defaults.
	//   - stock: OpenTelemetry's SDK, set up as in OpenTelemetry's documentation.
	//   - setup: the same provider as spor, but without export.
	//   - none: the same provider as stock, but without export.
	Pipeline string
	Rate     int           // spans per second from all goroutines; zero means as fast as possible
	Spans    int           // total number of spans
	From     int           // number of goroutines
	Flushes  bool          // flush after every flushEvery spans, so that no span is lost
	Requests bool          // make each span with a whole HTTP request; without a rate, also flush, as with Flushes
	Shutdown time.Duration // timeout of the final flush; zero means one minute
	Decodes  bool          // the collector decodes the spans
	Heap     bool          // measure the heap ten times during the run
}

type outcome struct {
	Produced int
	Lost     string // error of the shutdown
	Took     time.Duration
	Flush    time.Duration
	P50, P99 time.Duration // median and 99th percentile of the duration of span.End
	P999     time.Duration
	CPU      time.Duration // CPU time of the process, from the first span until after the flush
	Mallocs  uint64
	RSSGrew  int      // greatest growth of the resident memory, in bytes
	Heap     []uint64 // bytes in use on the heap after garbage collections
}

// TestMain runs the tests. If the environment variable LOAD_PLAN contains a plan, TestMain
// runs this plan instead.
func TestMain(m *testing.M) {
	if text := os.Getenv("LOAD_PLAN"); text != "" {
		var p plan
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if err := json.NewEncoder(os.Stdout).Encode(p.run()); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type program struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// begin starts a new process that runs p. pairs are names and values of environment
// variables, alternately.
func begin(tb testing.TB, p plan, pairs ...string) *program {
	tb.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		tb.Fatal(err)
	}
	run := &program{cmd: exec.CommandContext(tb.Context(), os.Args[0])}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "NAIS_") {
			run.cmd.Env = append(run.cmd.Env, pair)
		}
	}
	run.cmd.Env = append(run.cmd.Env, "LOAD_PLAN="+string(text), "OTEL_METRICS_EXPORTER=none", "OTEL_SERVICE_NAME=load")
	for i := 0; i+1 < len(pairs); i += 2 {
		run.cmd.Env = append(run.cmd.Env, pairs[i]+"="+pairs[i+1])
	}
	run.cmd.Stdout, run.cmd.Stderr = &run.stdout, &run.stderr
	if err := run.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return run
}

func (p *program) end(tb testing.TB) (o outcome, lines []string) {
	tb.Helper()
	if err := p.cmd.Wait(); err != nil {
		tb.Fatalf("%v: %s", err, p.stderr.String())
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &o); err != nil {
		tb.Fatalf("%v: %s", err, p.stdout.String())
	}
	for line := range strings.Lines(p.stderr.String()) {
		lines = append(lines, line)
	}
	return o, lines
}

func (p plan) run() outcome {
	shutdown := p.start()
	runtime.GC()
	var mallocs, after runtime.MemStats
	runtime.ReadMemStats(&mallocs)
	before, cpu, begin := rss("VmRSS:"), cpuTime(), time.Now()
	o := outcome{Produced: p.Spans}
	times := p.endSpans(&o)
	o.Took = time.Since(begin)
	timeout := p.Shutdown
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	flush := time.Now()
	if err := shutdown(ctx); err != nil {
		o.Lost = err.Error()
	}
	o.Flush, o.CPU, o.RSSGrew = time.Since(flush), cpuTime()-cpu, rss("VmHWM:")-before
	runtime.ReadMemStats(&after)
	o.Mallocs = after.Mallocs - mallocs.Mallocs
	slices.Sort(times)
	o.P50, o.P99, o.P999 = times[len(times)/2], times[len(times)*99/100], times[len(times)*999/1000]
	return o
}

func (p plan) start() (shutdown func(context.Context) error) {
	if p.Pipeline == "none" {
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(nothing{}))
		otel.SetTracerProvider(provider)
		return provider.Shutdown
	}
	if p.Pipeline == "stock" {
		exporter, err := otlptracegrpc.New(context.Background())
		if err != nil {
			panic(err)
		}
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
		otel.SetTracerProvider(provider)
		return provider.Shutdown
	}
	var opts []setup.Option
	if p.Pipeline == "setup" {
		if err := os.Setenv("OTEL_TRACES_EXPORTER", "none"); err != nil {
			panic(err)
		}
		opts = append(opts, setup.WithSpanProcessor(nothing{}))
	}
	shutdown, err := setup.Start(context.Background(), opts...)
	if err != nil {
		panic(err)
	}
	return shutdown
}

func (p plan) endSpans(o *outcome) []time.Duration {
	each := p.Spans / p.From
	times := make([]time.Duration, each*p.From)
	clear(times) // write to this memory now, so that it is not counted as growth later
	var all sync.WaitGroup
	stop := make(chan struct{})
	if p.Requests {
		p.serve(times)
		return times
	}
	if p.Heap {
		all.Go(func() { p.watchHeap(o, stop) })
	}
	var producers sync.WaitGroup
	for g := range p.From {
		producers.Go(func() { p.produce(g, times[g*each:(g+1)*each]) })
	}
	producers.Wait()
	close(stop)
	all.Wait()
	return times
}

func (p plan) watchHeap(o *outcome, stop <-chan struct{}) {
	every := time.Duration(p.Spans) * time.Second / time.Duration(p.Rate) / 10
	for {
		select {
		case <-stop:
			return
		case <-time.After(every):
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		o.Heap = append(o.Heap, m.HeapAlloc)
	}
}

// waitUntilDue waits until the span with number i is due. The goroutine began at the time begin.
func (p plan) waitUntilDue(begin time.Time, i int) {
	if p.Rate == 0 {
		return
	}
	due := begin.Add(time.Duration(i) * time.Second * time.Duration(p.From) / time.Duration(p.Rate))
	if wait := time.Until(due); wait > time.Millisecond {
		<-time.After(wait)
	}
}

// produce ends the spans of one goroutine. Each span has a due time. If the due time of a
// span has already passed, produce ends the span immediately.
func (p plan) produce(from int, times []time.Duration) {
	tracer := otel.Tracer("github.com/nais/spor/httptrace")
	begin := time.Now()
	for i := range times {
		p.waitUntilDue(begin, i)
		_, span := tracer.Start(parent, "GET /api/v1/users/{id}", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", "GET"), attribute.String("url.path", "/api/v1/users/12345"),
			attribute.String("url.scheme", "https"), attribute.String("server.address", "bench-app.team-x.svc"),
			attribute.Int("server.port", 8080), attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)")))
		span.SetAttributes(attribute.String("http.route", "/api/v1/users/{id}"), attribute.Int("http.response.status_code", 200),
			attribute.Int("number", from*len(times)+i))
		before := time.Now()
		span.End()
		times[i] = time.Since(before)
		if p.Flushes && i%flushEvery == flushEvery-1 {
			flush()
		}
	}
}

// flushEvery is the number of spans between two flushes. It is smaller than the queue of
// the SDK's batch processor. Therefore, the batch processor drops no spans, and the
// benchmark measures the work for all spans.
const flushEvery = 2000

func flush() {
	provider, _ := otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error })
	if err := provider.ForceFlush(context.Background()); err != nil {
		panic(err)
	}
}

type nothing struct{}

func (nothing) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (nothing) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (nothing) ForceFlush(context.Context) error                { return nil }
func (nothing) Shutdown(context.Context) error                  { return nil }

var parent = propagation.TraceContext{}.Extract(context.Background(),
	propagation.MapCarrier{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})

// rss returns the value with this name in /proc/self/status, in bytes.
func rss(name string) int {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, _ := strconv.Atoi(fields[1])
			return n << 10
		}
	}
	return 0
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
