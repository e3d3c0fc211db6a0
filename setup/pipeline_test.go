package setup_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
)

// ids stores the IDs of the spans that a collector has received. If the same span is received
// twice, it is counted only once.
type ids struct {
	mu   sync.Mutex
	seen map[string]int // the position of each span in the order of arrival, by span ID
}

func (s *ids) add(r *coltrace.ExportTraceServiceRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	for _, span := range spansOf(r) {
		if _, known := s.seen[string(span.GetSpanId())]; !known {
			s.seen[string(span.GetSpanId())] = len(s.seen)
		}
	}
}

func (s *ids) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func spansOf(r *coltrace.ExportTraceServiceRequest) []*tracepb.Span {
	var spans []*tracepb.Span
	for _, rs := range r.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			spans = append(spans, ss.GetSpans()...)
		}
	}
	return spans
}

// receive starts a collector at addr. For each request, the collector calls answer and returns
// the result of answer. If answer returns no error, the collector stores the IDs of the spans.
func receive(t *testing.T, addr string, answer func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error)) (*receiver.Server, *ids) {
	t.Helper()
	got := &ids{}
	server, err := receiver.Listen(addr, receiver.Sink{
		Traces: func(ctx context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			response, err := answer(ctx, r)
			if err == nil {
				got.add(r)
			}
			return response, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server, got
}

// lostOf returns two numbers: the number of lost spans and the number of all spans. It reads
// these numbers in the text of err, the error of shutdown.
func lostOf(t *testing.T, err error) (lost, all int) {
	t.Helper()
	if err == nil {
		return 0, 0
	}
	if _, scan := fmt.Sscanf(err.Error(), "setup: %d of %d spans", &lost, &all); scan != nil {
		t.Fatalf("%v: %v", err, scan)
	}
	return lost, all
}

func accept(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	return nil, nil
}

func TestSomeErrorsOfEachCode(t *testing.T) {
	const spans = 2500
	keeps := map[grpccodes.Code]bool{
		grpccodes.Canceled: true, grpccodes.DeadlineExceeded: true, grpccodes.Aborted: true, grpccodes.OutOfRange: true,
		grpccodes.Unavailable: true, grpccodes.DataLoss: true,
		// After this code, the pipeline sends parts of the request again. This
		// collector accepts the parts.
		grpccodes.InvalidArgument: true,
	}
	for code := grpccodes.Canceled; code <= grpccodes.Unauthenticated; code++ {
		t.Run(code.String(), func(t *testing.T) {
			var asked atomic.Int64
			server, got := receive(t, ":0", func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
				if asked.Add(1)%100 == 7 { // one of 100 requests fails
					return nil, status.Error(code, "not this one")
				}
				return nil, nil
			})
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none",
				"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "20", "OTEL_BSP_MAX_QUEUE_SIZE", "100000")
			logLines(t)
			shutdown := mustStart(t)
			endSpans(spans)
			lost, _ := lostOf(t, shutdown(t.Context()))
			if got.count()+lost != spans {
				t.Errorf("received %d + lost %d, want %d", got.count(), lost, spans)
			}
			if kept := lost == 0; kept != keeps[code] {
				t.Errorf("lost %d spans", lost)
			}
		})
	}
}

// TestSlowCollectorHasSeveralRequests checks that the pipeline sends a second request before a
// slow collector has answered the first request.
func TestSlowCollectorHasSeveralRequests(t *testing.T) {
	var now, most atomic.Int64
	second := make(chan struct{})
	var once sync.Once
	server, got := receive(t, ":0", func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		if most.Load() >= 2 {
			once.Do(func() { close(second) })
		}
		select {
		case <-second:
		case <-time.After(5 * time.Second):
		}
		now.Add(-1)
		return nil, nil
	})
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	shutdown := mustStart(t)
	const spans = 20_000
	endSpans(spans)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.count() != spans || most.Load() < 2 || most.Load() > 8 {
		t.Errorf("got %d spans with up to %d requests at a time, want %d with 2 to 8", got.count(), most.Load(), spans)
	}
}

// wire is a TCP proxy between a process and a collector. It can reset a connection, and it can
// stop forwarding bytes.
type wire struct {
	net.Listener
	to string

	mu     sync.Mutex
	conns  []net.Conn
	cut    int           // the next connection is reset after this number of bytes; 0 means never
	frozen chan struct{} // if not nil, the next connection waits until the channel is closed
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: to}
	go w.serve()
	t.Cleanup(func() {
		l.Close()
		w.set(0, nil)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, c := range w.conns {
			c.Close()
		}
	})
	return w
}

func (w *wire) set(cut int, frozen chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.frozen = cut, frozen
}

func (w *wire) serve() {
	for {
		in, err := w.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", w.to)
		if err != nil {
			in.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, in, out)
		left := int64(w.cut)
		w.cut = 0
		frozen := w.frozen // later changes of w.frozen do not affect this connection
		w.mu.Unlock()
		go w.pass(out, in, left, frozen)
		go w.pass(in, out, 0, nil)
	}
}

func (w *wire) pass(to, from net.Conn, left int64, frozen chan struct{}) {
	defer to.Close()
	buffer := make([]byte, 4096)
	for passed := int64(0); ; {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if frozen != nil {
			<-frozen
		}
		if passed += int64(n); left > 0 && passed > left {
			if tcp, ok := from.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			from.Close()
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func TestConnectionThatIsReset(t *testing.T) {
	server, got := receive(t, ":0", accept)
	w := newWire(t, server.Addr())
	w.set(40_000, nil) // the reset is in the middle of the first request
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+w.Addr().String(), "OTEL_METRICS_EXPORTER", "none")
	log := logLines(t)
	shutdown := mustStart(t)
	const spans = 10_000
	endSpans(spans)
	eventually(t, "a line about the reset", func() bool { return log.String() != "" })
	eventually(t, "the spans", func() bool { return got.count() == spans })
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectionThatLeadsNowhereIsReplaced(t *testing.T) {
	server, got := receive(t, ":0", accept)
	w := newWire(t, server.Addr())
	frozen := make(chan struct{})
	defer close(frozen)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+w.Addr().String(), "OTEL_METRICS_EXPORTER", "none",
		"OTEL_BSP_SCHEDULE_DELAY", "10", "OTEL_EXPORTER_OTLP_TIMEOUT", "1500")
	logLines(t)
	shutdown := mustStart(t)
	w.set(0, frozen) // bytes on the first connection do not reach the collector
	endSpans(100)
	eventually(t, "the first connection", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.conns) > 0
	})
	w.set(0, nil)
	eventually(t, "the spans on another connection", func() bool { return got.count() == 100 })
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCollectorThatRestarts(t *testing.T) {
	server, got := receive(t, ":0", accept)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none", "OTEL_BSP_SCHEDULE_DELAY", "5")
	logLines(t)
	shutdown := mustStart(t)
	all := 0
	for range 4 {
		endSpans(1000)
		all += 1000
		eventually(t, "the first spans", func() bool { return got.count() == all })
		// Wait until the collector has answered. Without this wait, the connection could fail
		// three times during the export of the same batch. After three failures, the pipeline
		// drops the batch.
		forceFlush(t)
		server.Stop()
		endSpans(1000)
		all += 1000
		<-time.After(300 * time.Millisecond)
		before := got
		server, got = receive(t, server.Addr(), accept)
		got.seen = before.seen
	}
	eventually(t, "the spans", func() bool { return got.count() == all })
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func forceFlush(t *testing.T) {
	t.Helper()
	provider := otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error })
	if err := provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPartialSuccessIsToldOnce(t *testing.T) {
	var rejects atomic.Int64
	server, _ := receive(t, ":0", func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		partly := &coltrace.ExportTracePartialSuccess{ErrorMessage: "use gzip, 01017012345"}
		if len(spansOf(r)) == 3 {
			partly.RejectedSpans = 1
			rejects.Add(1)
		}
		return &coltrace.ExportTraceServiceResponse{PartialSuccess: partly}, nil
	})
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none")
	log := logLines(t)
	shutdown := mustStart(t)
	flush := func(spans int) {
		endSpans(spans)
		forceFlush(t)
	}
	for range 5 {
		flush(2)
	}
	if got := log.All(t); len(got) != 1 || got[0]["warning"] != "use gzip, ***********" {
		t.Errorf("after warnings: got %v, want one line", got)
	}
	for range 5 {
		flush(3)
	}
	if got := log.All(t); len(got) != 2 || got[1]["error"] != "collector rejected spans: use gzip, ***********" {
		t.Errorf("after rejected spans: got %v, want one more line", got)
	}
	if lost, all := lostOf(t, shutdown(t.Context())); lost != 5 || all != 25 {
		t.Errorf("got %d of %d lost, want 5 of 25", lost, all)
	}
}

func TestSpansAreSentEarlyOrAfterTheDelay(t *testing.T) {
	server, got := receive(t, ":0", accept)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none", "OTEL_BSP_SCHEDULE_DELAY", "300")
	logLines(t)
	mustStart(t)
	begin := time.Now()
	endSpans(1)
	eventually(t, "one span", func() bool { return got.count() == 1 })
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("one span was sent after %s, want a delay of 300ms", took)
	}
}

func TestEnoughSpansAreSentAtOnce(t *testing.T) {
	for _, pairs := range [][]string{nil, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"}} {
		server, got := receive(t, ":0", accept)
		environment(t, append(pairs, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none",
			"OTEL_BSP_SCHEDULE_DELAY", "3600000", "OTEL_BSP_MAX_QUEUE_SIZE", "100000")...)
		logLines(t)
		shutdown := mustStart(t)
		endSpans(20_000) // each span has 70 bytes
		eventually(t, "most of the spans", func() bool { return got.count() > 10_000 })
		if err := shutdown(t.Context()); err != nil || got.count() != 20_000 {
			t.Errorf("got %d spans, %v", got.count(), err)
		}
	}
}

func TestFlushHonoursItsContext(t *testing.T) {
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+closedPort(t), "OTEL_METRICS_EXPORTER", "none", "OTEL_EXPORTER_OTLP_TIMEOUT", "700")
	log := logLines(t)
	shutdown := mustStart(t)
	provider := otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error })
	if err := provider.ForceFlush(t.Context()); err != nil {
		t.Errorf("flush without spans: %v", err)
	}
	endSpans(5)
	for timeout, want := range map[time.Duration]time.Duration{200 * time.Millisecond: 200 * time.Millisecond, 0: 700 * time.Millisecond} {
		ctx := t.Context()
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		begin := time.Now()
		if err := provider.ForceFlush(ctx); err == nil {
			t.Error("got no error")
		}
		if took := time.Since(begin); took < want || took > want+500*time.Millisecond {
			t.Errorf("took %s, want %s", took, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	mustName(t, shutdown(ctx), "5 of 5 spans", "after_shutdown 5")
	if took := time.Since(begin); took > 800*time.Millisecond {
		t.Errorf("shutdown took %s, want 300ms", took)
	}
	if got := log.All(t); len(got) != 2 || got[1]["spans_dropped"] != "after_shutdown 5" {
		t.Errorf("lines: got %v, want one about the outage, and one about the lost spans at the end", got)
	}
}

func TestShutdownOfAllSignalsIsShort(t *testing.T) {
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+closedPort(t), "OTEL_LOGS_EXPORTER", "otlp")
	logLines(t)
	before := runtime.NumGoroutine()
	shutdown := mustStart(t)
	endSpans(5)
	begin := time.Now()
	mustName(t, shutdown(context.Background()), "5 of 5 spans")
	if took := time.Since(begin); took > 5500*time.Millisecond {
		t.Errorf("took %s, want at most five seconds for all signals", took)
	}
	settled(t, before+1)
}

func TestOldestSpansGoFirst(t *testing.T) {
	addr := closedPort(t)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+addr, "OTEL_METRICS_EXPORTER", "none", "OTEL_BSP_MAX_QUEUE_SIZE", "1000", "OTEL_BSP_SCHEDULE_DELAY", "50")
	log := logLines(t)
	shutdown := mustStart(t)
	tracer := otel.Tracer("test")
	end := func(name string, n int) {
		for range n {
			_, span := tracer.Start(context.Background(), name)
			span.End()
		}
	}
	end("old", 1000)
	eventually(t, "the outage", func() bool { return log.String() != "" })
	<-time.After(100 * time.Millisecond) // wait until the failed spans are queued again
	end("new", 700)
	var names sync.Map
	server, got := receive(t, addr, func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		for _, span := range spansOf(r) {
			n, _ := names.LoadOrStore(span.GetName(), new(atomic.Int64))
			n.(*atomic.Int64).Add(1)
		}
		return nil, nil
	})
	_ = server
	eventually(t, "what is left", func() bool { return got.count() == 1000 })
	mustName(t, shutdown(t.Context()), "700 of 1700 spans", "queue_full 700")
	counts := map[string]int64{}
	names.Range(func(name, n any) bool { counts[name.(string)] = n.(*atomic.Int64).Load(); return true })
	if counts["old"] != 300 || counts["new"] != 700 {
		t.Errorf("got %v, want 300 old and 700 new", counts)
	}
}

func TestUnreachedPlatformEndpointKeepsOneMiB(t *testing.T) {
	environment(t, "NAIS_CLUSTER_NAME", "dev-gcp", "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	shutdown := mustStart(t)
	for range 1000 {
		random := make([]byte, 3000)
		_, _ = rand.Read(random)
		body := base64.StdEncoding.EncodeToString(random) // 4000 bytes that cannot be compressed
		_, span := otel.Tracer("test").Start(t.Context(), "work", trace.WithAttributes(attribute.String("body", body)))
		span.End()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := shutdown(ctx)
	var full, kept int
	at := strings.Index(err.Error(), "queue_full")
	if _, scan := fmt.Sscanf(err.Error()[max(at, 0):], "queue_full %d, after_shutdown %d", &full, &kept); scan != nil {
		t.Fatalf("%v: %v", err, scan)
	}
	if full+kept != 1000 || kept*4000 > 1<<20 || kept*4000 < 1<<19 {
		t.Errorf("%v: want up to 1 MiB kept", err)
	}
}

func TestSpanThatIsTooBig(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_METRICS_EXPORTER", "none", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "10000000")
	logLines(t)
	shutdown := mustStart(t)
	for _, size := range []int{4 << 20, 1 << 20, 100 << 10, 3_500<<10 - 500, 3_500<<10 + 1} {
		_, span := otel.Tracer("test").Start(t.Context(), "work", trace.WithAttributes(attribute.String("body", strings.Repeat("x", size))))
		span.End()
	}
	mustName(t, shutdown(t.Context()), "2 of 5 spans", "too_big 2")
	if got := c.count(); got != 3 {
		t.Errorf("spans: got %d, want 3", got)
	}
}
