package pipeline_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// plain implements [otlp.Rules]. Its methods change nothing.
type plain struct{}

func (plain) AppendAdded(dst []attribute.KeyValue, span sdktrace.ReadOnlySpan) []attribute.KeyValue {
	if span.Name() == "bug" {
		panic("a bug")
	}
	return dst
}
func (plain) Attribute(a attribute.KeyValue) (own, added attribute.KeyValue) { return a, added }
func (plain) IsAdded(attribute.Key) bool                                     { return false }
func (plain) Key(key attribute.Key) string                                   { return string(key) }
func (plain) Text(text string) string                                        { return text }
func (plain) Value(_ attribute.Key, v attribute.Value) attribute.Value       { return v }
func (plain) Completes(instrumentation.Scope) bool                           { return false }
func (plain) Complete(s sdktrace.ReadOnlySpan) sdktrace.ReadOnlySpan         { return s }
func (plain) TraceState(s trace.TraceState) trace.TraceState                 { return s }
func (plain) Scope(s instrumentation.Scope) instrumentation.Scope            { return s }

type trouble struct {
	mu      sync.Mutex
	outages int
	gaveUp  []error

	reachable bool
}

func (t *trouble) Outage(error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outages++
}

func (t *trouble) GaveUp(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gaveUp = append(t.gaveUp, err)
}
func (*trouble) Warning(string)       {}
func (*trouble) Dropped()             {}
func (t *trouble) WasReachable() bool { return t.reachable }

// exporting returns a provider whose spans are sent over the connection that dial returns.
func exporting(t *testing.T, l *spanstats.Stats, dial func() (*grpc.ClientConn, error)) *sdktrace.TracerProvider {
	t.Helper()
	return exportingWith(t, l, plain{}, dial)
}

func exportingWith(t *testing.T, l *spanstats.Stats, rules otlp.Rules, dial func() (*grpc.ClientConn, error)) *sdktrace.TracerProvider {
	t.Helper()
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor(t, l, rules, dial)))
}

// delivering returns a provider whose spans are sent to a collector that accepts
// everything. The rules change the spans.
func delivering(t *testing.T, l *spanstats.Stats, rules otlp.Rules) *sdktrace.TracerProvider {
	t.Helper()
	server, err := receiver.Listen(":0", receiver.Sink{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return exportingWith(t, l, rules, reaching(server))
}

func reaching(server *receiver.Server) func() (*grpc.ClientConn, error) {
	return reachingAt(server.Addr())
}

func reachingAt(addr string) func() (*grpc.ClientConn, error) {
	return func() (*grpc.ClientConn, error) {
		return grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
}

func processor(t *testing.T, l *spanstats.Stats, rules otlp.Rules, dial func() (*grpc.ClientConn, error)) *pipeline.Processor {
	t.Helper()
	return processorAfter(t, 5*time.Second, l, rules, dial)
}

func processorAfter(t *testing.T, delay time.Duration, l *spanstats.Stats, rules otlp.Rules, dial func() (*grpc.ClientConn, error)) *pipeline.Processor {
	t.Helper()
	p, err := pipeline.New(pipeline.Config{
		Dial: dial, Encoding: otlp.NewCommon(rules), Stats: l, Trouble: &trouble{},
		Timeout: 30 * time.Second, Delay: delay, Bytes: func() int { return 4 << 20 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestShortDelay checks that spans are sent with very short delays. A very short delay can
// be over before the sender starts to wait.
func TestShortDelay(t *testing.T) {
	for _, delay := range []time.Duration{time.Nanosecond, 10 * time.Microsecond, 100 * time.Microsecond} {
		t.Run(delay.String(), func(t *testing.T) {
			got := make(chan struct{}, 1)
			server, err := receiver.Listen(":0", receiver.Sink{Traces: func(context.Context, *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
				got <- struct{}{}
				return nil, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.Stop)
			provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(
				processorAfter(t, delay, &spanstats.Stats{}, plain{}, reaching(server))))
			for range 100 {
				endSpans(provider, 1)
				select {
				case <-got:
				case <-time.After(20 * time.Second):
					t.Fatal("a span did not arrive")
				}
			}
			if err := provider.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLastSpansAreSent checks that the last spans of a burst are sent after the delay. Each
// burst begins at the end of a delay, when the sender has just queued the spans before the
// burst. A full batch of the burst is then queued before its delay begins.
func TestLastSpansAreSent(t *testing.T) {
	t.Parallel()
	server, err := receiver.Listen(":0", receiver.Sink{Traces: func(context.Context, *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
		return nil, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	const delay, batch, burst = 2 * time.Millisecond, 16, 40
	stats := &spanstats.Stats{}
	p, err := pipeline.New(pipeline.Config{
		Dial: reaching(server), Encoding: otlp.NewCommon(plain{}), Stats: stats, Trouble: &trouble{},
		Timeout: 30 * time.Second, Delay: delay, Bytes: func() int { return 4 << 20 }, BatchSpans: batch,
	})
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	for round := range 1000 {
		endSpans(provider, 1)
		for began := time.Now(); time.Since(began) < delay; {
			continue // a loop waits more exactly than a timer
		}
		endSpans(provider, burst)
		settles(t, stats, (round+1)*(1+burst))
		if t.Failed() {
			break
		}
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func endSpans(provider trace.TracerProvider, n int) {
	tracer := provider.Tracer("test")
	for range n {
		_, span := tracer.Start(context.Background(), "work")
		span.End()
	}
}

func dropped(l *spanstats.Stats) string {
	byReason, _ := l.Drops()
	return spanstats.Describe(byReason)
}

// The type slow implements rules. Its method AppendAdded blocks until the channel in the
// field encodes is closed.
type slow struct {
	plain
	encodes chan struct{} // closed when spans may be encoded
}

func (s slow) AppendAdded(dst []attribute.KeyValue, _ sdktrace.ReadOnlySpan) []attribute.KeyValue {
	<-s.encodes
	return dst
}

// TestEndDoesNotEncode checks that ending a span does not encode it, unless very many spans
// wait. In the test, the encoder is blocked, but spans can end.
func TestEndDoesNotEncode(t *testing.T) {
	l := &spanstats.Stats{}
	rules := slow{encodes: make(chan struct{})}
	provider := delivering(t, l, rules)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		endSpans(provider, 500)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("spans do not end while others are encoded")
	}
	close(rules.encodes)
	<-ended
	if err := provider.Shutdown(t.Context()); err != nil || l.Delivered() != 500 {
		t.Errorf("got %d delivered, %v, want 500", l.Delivered(), err)
	}
}

// TestManySpansAtOnce checks that no span is lost if spans end faster than the sender
// encodes them. In this case, the goroutine that ends a span also encodes some spans.
func TestManySpansAtOnce(t *testing.T) {
	l := &spanstats.Stats{}
	provider := delivering(t, l, plain{})
	const from, spans = 4, 4000
	var all sync.WaitGroup
	for range from {
		all.Go(func() { endSpans(provider, spans) })
	}
	all.Wait()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.Delivered() != from*spans || dropped(l) != "" {
		t.Errorf("got %d delivered, dropped %q, want %d and none", l.Delivered(), dropped(l), from*spans)
	}
}

func TestWhatEndsAfterTheShutdownIsCounted(t *testing.T) {
	l := &spanstats.Stats{}
	p := processor(t, l, plain{}, func() (*grpc.ClientConn, error) {
		return grpc.NewClient("localhost:1", grpc.WithTransportCredentials(insecure.NewCredentials()))
	})
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.OnEnd(tracetest.SpanStub{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	})}.Snapshot())
	if got := dropped(l); got != "after_shutdown 1" {
		t.Errorf("got %q dropped, want after_shutdown 1", got)
	}
}

func TestBugOfTheRulesCostsOneSpan(t *testing.T) {
	l := &spanstats.Stats{}
	provider := delivering(t, l, plain{})
	endSpans(provider, 3)
	_, span := provider.Tracer("test").Start(t.Context(), "bug")
	span.End()
	endSpans(provider, 3)
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.Delivered() != 6 || dropped(l) != "encode 1" {
		t.Errorf("got %d delivered, dropped %s; want 6 and encode 1", l.Delivered(), dropped(l))
	}
}

func TestNameThatStopsAndStartsResolving(t *testing.T) {
	server, err := receiver.Listen(":0", receiver.Sink{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	names := manual.NewBuilderWithScheme("names")
	unknown := func() { names.CC().ReportError(errors.New("no such host")) }
	known := func() { names.UpdateState(resolver.State{Addresses: []resolver.Address{{Addr: server.Addr()}}}) }
	l := &spanstats.Stats{}
	provider := exporting(t, l, func() (*grpc.ClientConn, error) {
		return grpc.NewClient("names:///collector", grpc.WithResolvers(names), grpc.WithTransportCredentials(insecure.NewCredentials()))
	})
	eventually := func(what string, want int64) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); l.Delivered() != want; <-time.After(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: got %d delivered, want %d", what, l.Delivered(), want)
			}
		}
	}
	flush := func() {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_ = provider.ForceFlush(ctx) // sends as many spans as possible
	}
	endSpans(provider, 10)
	go flush()
	<-time.After(50 * time.Millisecond)
	unknown()
	known()
	eventually("the name is known", 10)
	names.UpdateState(resolver.State{})
	unknown()
	endSpans(provider, 10)
	flush()
	known()
	eventually("the name is known again", 20)
	if err := provider.Shutdown(t.Context()); err != nil || dropped(l) != "" {
		t.Errorf("got %v, dropped %s", err, dropped(l))
	}
}

// bubble is a collector that runs in a synctest bubble.
type bubble struct {
	*testing.T
	stats    *spanstats.Stats
	provider *sdktrace.TracerProvider
	coltracepb.UnimplementedTraceServiceServer
	mu      sync.Mutex
	conns   chan net.Conn
	down    bool
	answers []error      // answers to the next requests; nil accepts a request
	refuses func() error // called if answers is empty; a nil result accepts the request
	asked   []time.Time
	done    chan struct{}
	closed  sync.Once
}

func (b *bubble) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

func (b *bubble) Close() error {
	b.closed.Do(func() { close(b.done) })
	return nil
}
func (b *bubble) Addr() net.Addr { return &net.TCPAddr{} }

func (b *bubble) Export(context.Context, *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	return &coltracepb.ExportTraceServiceResponse{}, b.nextAnswer()()
}

func (b *bubble) nextAnswer() func() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, time.Now())
	if len(b.answers) > 0 {
		err := b.answers[0]
		b.answers = b.answers[1:]
		return func() error { return err }
	}
	if b.refuses != nil {
		return b.refuses
	}
	return func() error { return nil }
}

func (b *bubble) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *bubble) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///collector", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.down {
				return nil, errors.New("connection refused")
			}
			here, there := net.Pipe()
			b.conns <- there
			return here, nil
		}))
}

// inBubble runs test with a collector and a fake clock. The clock advances when all
// goroutines wait.
func inBubble(t *testing.T, test func(b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{T: t, stats: &spanstats.Stats{}, conns: make(chan net.Conn, 8), done: make(chan struct{})}
		server := grpc.NewServer()
		coltracepb.RegisterTraceServiceServer(server, b)
		go server.Serve(b)
		b.provider = exporting(t, b.stats, b.dial)
		test(b)
		if err := b.provider.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		server.Stop()
		synctest.Wait()
	})
}

func TestClockThatJumps(t *testing.T) {
	inBubble(t, func(b *bubble) {
		for _, jump := range []time.Duration{time.Millisecond, time.Hour, 30 * 24 * time.Hour} {
			<-time.After(jump)
			before, began := b.stats.Delivered(), time.Now()
			endSpans(b.provider, 10)
			<-time.After(5*time.Second - time.Millisecond)
			if b.stats.Delivered() != before {
				b.Errorf("after %s: spans were sent before the end of the delay", jump)
			}
			<-time.After(2 * time.Millisecond)
			synctest.Wait()
			if b.stats.Delivered() != before+10 {
				b.Errorf("after %s: spans were not sent within %s", jump, time.Since(began))
			}
		}
	})
}

func TestPauseThatTheCollectorAsksFor(t *testing.T) {
	busy, err := status.New(codes.ResourceExhausted, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	inBubble(t, func(b *bubble) {
		b.answers = []error{busy.Err(), busy.Err()}
		endSpans(b.provider, 10)
		<-time.After(150 * time.Second)
		synctest.Wait()
		if b.stats.Delivered() != 10 || len(b.asked) != 3 {
			b.Fatalf("got %d delivered by %d requests, want 10 by 3", b.stats.Delivered(), len(b.asked))
		}
		for i := range 2 {
			if pause := b.asked[i+1].Sub(b.asked[i]); pause < time.Minute || pause > 63*time.Second {
				b.Errorf("asked again after %s, want between 60 s and 63 s", pause)
			}
		}
	})
}

func TestBatchIsGivenUpAfterItsTime(t *testing.T) {
	inBubble(t, func(b *bubble) {
		for range 200 {
			b.answers = append(b.answers, status.Error(codes.Aborted, "later"))
		}
		endSpans(b.provider, 10)
		<-time.After(40 * time.Second)
		synctest.Wait()
		if dropped(b.stats) != "timeout 10" {
			b.Errorf("dropped %q, want timeout 10", dropped(b.stats))
		}
		// Pauses between requests grow to one second, plus or minus half a second.
		if n := len(b.asked); n < 20 || n > 70 {
			b.Errorf("asked %d times in 30 s, want 20 to 70", n)
		}
	})
}

// TestCollectorAnswersLate checks a collector that accepts spans and answers after the timeout.
// The first batch is sent again, with more time. After that, all batches have more time.
func TestCollectorAnswersLate(t *testing.T) {
	const timeout = 30 * time.Second
	for _, tt := range []struct {
		name            string
		after           time.Duration
		delivered, asks int64
	}{
		{"soon", timeout + timeout/2, 50, 6},
		{"never", time.Hour, 0, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(b *bubble) {
				b.refuses = func() error {
					<-time.After(tt.after)
					return nil
				}
				for range 5 {
					endSpans(b.provider, 10)
					<-time.After(6 * timeout)
				}
				b.mu.Lock()
				b.refuses = nil
				asked := int64(len(b.asked))
				b.mu.Unlock()
				synctest.Wait()
				if got := b.stats.Delivered(); got != tt.delivered || asked != tt.asks {
					b.Errorf("got %d delivered by %d requests, dropped %q; want %d by %d", got, asked, dropped(b.stats), tt.delivered, tt.asks)
				}
				<-time.After(2 * time.Hour) // until the server has answered
			})
		})
	}
}

// TestBatchHasItsTimeAfterAnOutage checks that an outage does not use up the time limit of a
// batch.
func TestBatchHasItsTimeAfterAnOutage(t *testing.T) {
	inBubble(t, func(b *bubble) {
		for range 100 { // more than a minute
			b.answers = append(b.answers, status.Error(codes.Unavailable, "starting"))
		}
		b.answers = append(b.answers, status.Error(codes.Aborted, "later"))
		endSpans(b.provider, 10)
		<-time.After(3 * time.Minute)
		synctest.Wait()
		if b.stats.Delivered() != 10 || len(b.asked) != 102 {
			b.Errorf("got %d delivered by %d requests, dropped %q; want 10 by 102", b.stats.Delivered(), len(b.asked), dropped(b.stats))
		}
	})
}

// TestOutageOfAnyLength checks that no span is lost in outages of 90 seconds and of 90
// hours.
func TestOutageOfAnyLength(t *testing.T) {
	for _, outage := range []time.Duration{90 * time.Second, 90 * time.Hour} {
		inBubble(t, func(b *bubble) {
			endSpans(b.provider, 10)
			<-time.After(6 * time.Second)
			b.setDown(true)
			b.answers = []error{status.Error(codes.Unavailable, "going down")}
			for range 100 {
				endSpans(b.provider, 10)
				<-time.After(outage / 100)
			}
			b.setDown(false)
			<-time.After(2 * time.Minute) // longer than gRPC's pauses between attempts to connect
			synctest.Wait()
			if b.stats.Delivered() != 1010 || dropped(b.stats) != "" {
				b.Errorf("after %s: got %d delivered, dropped %q", outage, b.stats.Delivered(), dropped(b.stats))
			}
		})
	}
}

// TestFlushesCostNoSpans checks that a program can flush after each span while the collector
// does not accept spans. A flush must not use the memory of many spans for one span.
func TestFlushesCostNoSpans(t *testing.T) {
	for name, stop := range map[string]func(*bubble) (start func()){
		"no connection": func(b *bubble) func() {
			b.setDown(true)
			return func() { b.setDown(false) }
		},
		"no answer": func(b *bubble) func() {
			answers := make(chan struct{})
			b.refuses = func() error {
				<-answers
				return nil
			}
			return func() { close(answers) }
		},
		"unavailable": func(b *bubble) func() {
			var down atomic.Bool
			down.Store(true)
			b.refuses = func() error {
				if down.Load() {
					return status.Error(codes.Unavailable, "starting")
				}
				return nil
			}
			return func() { down.Store(false) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bubble) {
				start := stop(b)
				const spans = 10_000
				for range spans {
					endSpans(b.provider, 1)
					ctx, cancel := context.WithTimeout(b.Context(), 100*time.Microsecond)
					_ = b.provider.ForceFlush(ctx) // cannot succeed
					cancel()
				}
				start()
				<-time.After(2 * time.Minute)
				synctest.Wait()
				if b.stats.Delivered() != spans {
					b.Errorf("got %d of %d delivered, dropped %q", b.stats.Delivered(), spans, dropped(b.stats))
				}
			})
		})
	}
}

func TestFlushWaitsForWhatIsInFlightAlone(t *testing.T) {
	inBubble(t, func(b *bubble) {
		endSpans(b.provider, 10)
		begin := time.Now()
		if err := b.provider.ForceFlush(b.Context()); err != nil {
			b.Fatal(err)
		}
		if b.stats.Delivered() != 10 || time.Since(begin) > time.Second {
			b.Errorf("got %d delivered after %s", b.stats.Delivered(), time.Since(begin))
		}
	})
}

func TestNothingIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	l := &spanstats.Stats{}
	provider := exporting(t, l, func() (*grpc.ClientConn, error) {
		return grpc.NewClient("127.0.0.1:1", grpc.WithTransportCredentials(insecure.NewCredentials()))
	})
	endSpans(provider, 10)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_ = provider.Shutdown(ctx)
	endSpans(provider, 10) // the tracers of a closed provider do nothing
	if dropped(l) != "after_shutdown 10" {
		t.Errorf("dropped %q, want after_shutdown 10", dropped(l))
	}
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("goroutines: got %d, want %d", runtime.NumGoroutine(), before)
		}
	}
}
