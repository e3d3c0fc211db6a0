package pipeline_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// collector is a gRPC server on the loopback interface. It calls the function in the field
// answer for each request, and counts the spans that it accepts.
type collector struct {
	coltracepb.UnimplementedTraceServiceServer
	t      *testing.T
	addr   string
	answer func(names []string) error // names contains the span names of one request

	mu       sync.Mutex
	server   *grpc.Server
	requests int
	received map[string]int // how often each span was accepted, by span name
}

func newCollector(t *testing.T, answer func(names []string) error, options ...grpc.ServerOption) *collector {
	t.Helper()
	c := &collector{t: t, addr: "127.0.0.1:0", answer: answer, received: map[string]int{}}
	c.listen(options...)
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.server.Stop()
	})
	return c
}

// listen starts the collector. After a stop, the collector uses the same port as before.
func (c *collector) listen(options ...grpc.ServerOption) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", c.addr)
	if err != nil {
		c.t.Errorf("listen: %v", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addr = l.Addr().String()
	c.server = grpc.NewServer(options...)
	coltracepb.RegisterTraceServiceServer(c.server, c)
	go c.server.Serve(l)
}

func (c *collector) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient(c.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func (c *collector) Export(_ context.Context, r *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	var names []string
	for _, rs := range r.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				names = append(names, span.GetName())
			}
		}
	}
	c.mu.Lock()
	c.requests++
	c.mu.Unlock()
	if err := c.answer(names); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.received[name]++
	}
	return &coltracepb.ExportTraceServiceResponse{}, nil
}

// count returns three numbers. received is the number of different spans that the collector
// has accepted. duplicates is the number of times that the collector accepted a span again.
// requests is the number of requests.
func (c *collector) count() (received, duplicates, requests int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.received {
		received++
		duplicates += n - 1
	}
	return received, duplicates, c.requests
}

// exportTo returns a provider that exports to c in batches of 512 spans.
func exportTo(t *testing.T, c *collector, l *spanstats.Stats, timeout time.Duration) *sdktrace.TracerProvider {
	t.Helper()
	p, err := pipeline.New(pipeline.Config{
		Dial: c.dial, Encoding: otlp.NewCommon(plain{}), Stats: l, Trouble: &trouble{reachable: true},
		Timeout: timeout, Delay: time.Second, Bytes: func() int { return 32 << 20 }, BatchSpans: 512,
	})
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = provider.Shutdown(ctx)
	})
	return provider
}

func endNamed(provider *sdktrace.TracerProvider, names ...string) {
	tracer := provider.Tracer("test")
	for _, name := range names {
		_, span := tracer.Start(context.Background(), name)
		span.End()
	}
}

func named(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(prefix, " ", i)
	}
	return names
}

// The function settles waits until the number of spans that l has counted is equal to
// spans. The delivered and the dropped spans are added up.
func settles(t *testing.T, l *spanstats.Stats, spans int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(5 * time.Millisecond) {
		if _, lost := l.Drops(); l.Delivered()+lost == int64(spans) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("got %d delivered, dropped %q, want %d in all", l.Delivered(), dropped(l), spans)
			return
		}
	}
}

type outcome struct {
	received, duplicates int
	dropped              string
	mostRequests         int
}

// check compares the counts in c and l with want. It also checks that the counts in c and l
// agree.
func check(t *testing.T, c *collector, l *spanstats.Stats, want outcome) {
	t.Helper()
	received, duplicates, requests := c.count()
	if received != want.received || duplicates > want.duplicates || dropped(l) != want.dropped {
		t.Errorf("got %d received, %d duplicates, dropped %q; want %d, at most %d, %q",
			received, duplicates, dropped(l), want.received, want.duplicates, want.dropped)
	}
	if l.Delivered() != int64(received) {
		t.Errorf("got %d spans counted as delivered, but %d received", l.Delivered(), received)
	}
	if requests > want.mostRequests {
		t.Errorf("got %d requests, want at most %d", requests, want.mostRequests)
	}
	t.Logf("%d requests", requests)
}

// TestCollectorThatRefusesEverything checks a collector that refuses ten batches of 512
// spans. The test uses every gRPC code that is not retryable in OTLP: the batch must not be
// sent again. For each code, at most two requests per batch are allowed. The requests of
// one search for refused spans are also allowed.
func TestCollectorThatRefusesEverything(t *testing.T) {
	const batches, search = 10, 21
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		var want outcome
		switch code {
		case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
			continue // retryable
		case codes.InvalidArgument:
			want = outcome{dropped: "rejected 5120", mostRequests: 2*batches + search}
		default:
			want = outcome{dropped: "rejected 5120", mostRequests: 2 * batches}
		}
		t.Run(code.String(), func(t *testing.T) {
			c := newCollector(t, func([]string) error { return status.Error(code, "no") })
			l := &spanstats.Stats{}
			provider := exportTo(t, c, l, 30*time.Second)
			endNamed(provider, named("span", batches*512)...)
			settles(t, l, batches*512)
			check(t, c, l, want)
		})
	}
}

// TestSpansThatAreRefusedAreFound checks that all spans of a batch are delivered except the
// spans that the collector refuses. The search for one refused span may take two requests
// per halving of the batch.
func TestSpansThatAreRefusedAreFound(t *testing.T) {
	const spans, search = 512, 2*9 + 1
	for name, poison := range map[string][]int{
		"first": {0}, "last": {511}, "two neighbours": {254, 255}, "one in each quarter": {100, 200, 300, 400}, "first two": {0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t, func(names []string) error {
				if slices.ContainsFunc(names, isPoison) {
					return status.Error(codes.InvalidArgument, "bad span")
				}
				return nil
			})
			l := &spanstats.Stats{}
			provider := exportTo(t, c, l, 30*time.Second)
			names := named("span", spans)
			for _, i := range poison {
				names[i] = fmt.Sprint("poison ", i)
			}
			endNamed(provider, names...)
			settles(t, l, spans)
			check(t, c, l, outcome{
				received: spans - len(poison), dropped: fmt.Sprint("rejected ", len(poison)), mostRequests: 1 + search*len(poison),
			})
		})
	}
}

// TestResourceExhausted checks requests to which the collector answers RESOURCE_EXHAUSTED.
// If the message means that the request is too large, the request must be divided. The
// messages are those that the gRPC libraries use. If the message means that a quota is
// exceeded, the request must not be divided.
func TestResourceExhausted(t *testing.T) {
	const spans, batches = 1024, 2
	for text, tooLarge := range map[string]bool{
		"grpc: received message larger than max (5000000 vs. 4194304)":                      true,
		"grpc: received message after decompression larger than max 4194304":                true,
		"gRPC message exceeds maximum size 4194304: 5000000":                                true,
		"Received message exceeds the maximum configured message size.":                     true,
		"Error, message length too large: found 5000000 bytes, the limit is: 4194304 bytes": true,
		"":                      false,
		"sending queue is full": false,
		"too many requests":     false,
		"RATE_LIMITED: ingestion rate limit (local: 15000000 bytes) exceeded while adding 1000":   false,
		"TRACE_TOO_LARGE: max size of trace (5000000) exceeded while adding 1000 bytes":           false,
		"Maximum active series limit exceeded: the request rate is larger than your plan's quota": false,
	} {
		t.Run(text, func(t *testing.T) {
			c := newCollector(t, func(names []string) error {
				if tooLarge && len(names) <= 128 {
					return nil
				}
				return status.Error(codes.ResourceExhausted, text)
			})
			l := &spanstats.Stats{}
			provider := exportTo(t, c, l, 30*time.Second)
			endNamed(provider, named("span", spans)...)
			settles(t, l, spans)
			if tooLarge {
				check(t, c, l, outcome{received: spans, mostRequests: 9 * (batches + 1)})
			} else {
				check(t, c, l, outcome{dropped: "rejected 1024", mostRequests: 2 * batches})
			}
		})
	}
}

// TestRequestsFitTheCollector checks a collector with a small limit for the size of a
// request. One span is larger than the limit. Only this span may be dropped.
func TestRequestsFitTheCollector(t *testing.T) {
	const spans, limit = 512, 8 << 10
	c := newCollector(t, func([]string) error { return nil }, grpc.MaxRecvMsgSize(limit))
	l := &spanstats.Stats{}
	provider := exportTo(t, c, l, 30*time.Second)
	endNamed(provider, named("span", spans-1)...)
	endNamed(provider, strings.Repeat("x", limit))
	settles(t, l, spans)
	check(t, c, l, outcome{received: spans - 1, dropped: "too_big 1", mostRequests: 24})
}

// badReply is the codec of a server. It replaces every response with bytes that the client
// cannot read.
type badReply struct {
	encoding.CodecV2
	bytes []byte
}

func (c badReply) Marshal(any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(c.bytes)}, nil
}

// TestResponseThatCannotBeRead checks that an accepted request is not sent again if its
// response cannot be read.
func TestResponseThatCannotBeRead(t *testing.T) {
	const spans = 512
	for name, reply := range map[string][]byte{"garbage": {0xFF}, "too large": make([]byte, 5<<20)} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t, func([]string) error { return nil },
				grpc.ForceServerCodecV2(badReply{encoding.GetCodecV2("proto"), reply}))
			l := &spanstats.Stats{}
			provider := exportTo(t, c, l, 30*time.Second)
			endNamed(provider, named("span", spans)...)
			settles(t, l, spans)
			check(t, c, l, outcome{received: spans, mostRequests: 2})
		})
	}
}

// TestServerWithTheWordsOfTheClient checks errors that a server returns. The messages of
// these errors look like messages of gRPC's client. Such an error means that the server
// has not accepted the request.
func TestServerWithTheWordsOfTheClient(t *testing.T) {
	const spans = 512
	for _, err := range []error{
		status.Error(codes.Internal, "grpc: failed to unmarshal the received message: no"),
		status.Error(codes.Internal, "grpc: error while marshaling: no"),
	} {
		c := newCollector(t, func([]string) error { return err })
		l := &spanstats.Stats{}
		provider := exportTo(t, c, l, 30*time.Second)
		endNamed(provider, named("span", spans)...)
		settles(t, l, spans)
		check(t, c, l, outcome{dropped: "rejected 512", mostRequests: 2})
	}
}

// TestSpanThatIsNeverTaken checks a collector that never accepts a request with a certain
// span, but accepts all other requests. The test uses every retryable code. It also uses
// batches that contain only this span, and batches with other spans. Only this span must be
// given up. All other spans must be delivered, and must not be delayed.
func TestSpanThatIsNeverTaken(t *testing.T) {
	t.Parallel()
	const timeout = 4 * time.Second
	for _, code := range []codes.Code{codes.Unavailable, codes.Aborted, codes.DataLoss, codes.OutOfRange, codes.DeadlineExceeded, codes.Canceled} {
		for _, beside := range []int{0, 1, 400} {
			t.Run(fmt.Sprint(code, " beside ", beside), func(t *testing.T) {
				t.Parallel()
				var failed atomic.Int64
				c := newCollector(t, func(names []string) error {
					if slices.ContainsFunc(names, isPoison) {
						failed.Add(1)
						return status.Error(code, "no")
					}
					return nil
				})
				l := &spanstats.Stats{}
				provider := exportTo(t, c, l, timeout)
				flushed(provider, named("before", 10)...)
				flushed(provider, append(named("beside", beside), "poison")...)
				ended := 11 + beside
				for deadline := time.Now().Add(time.Minute); l.Delivered() < int64(ended-1) || dropped(l) == ""; ended += 10 {
					if time.Now().After(deadline) {
						t.Errorf("got %d of %d delivered, dropped %q", l.Delivered(), ended, dropped(l))
						break
					}
					flushed(provider, named(fmt.Sprint("after ", ended), 10)...)
				}
				settles(t, l, ended)
				check(t, c, l, outcome{received: ended - 1, dropped: "timeout 1", mostRequests: math.MaxInt})
				if got := failed.Load(); got > 40 {
					t.Errorf("got %d requests with the span, want at most 40", got)
				}
				t.Logf("%d requests with the span", failed.Load())
			})
		}
	}
}

// The function flushed ends one span per name, and gives the processor a short time to
// send these spans.
func flushed(provider *sdktrace.TracerProvider, names ...string) {
	endNamed(provider, names...)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = provider.ForceFlush(ctx) // some spans may need more time
}

// TestLastBatchFails checks a batch that fails because of one of its spans, during the shutdown.
// There are no other batches any more that the collector can accept.
func TestLastBatchFails(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 1, 100} {
		t.Run(fmt.Sprint(before, " before"), func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, func(names []string) error {
				if slices.ContainsFunc(names, isPoison) {
					return status.Error(codes.Unavailable, "no")
				}
				return nil
			})
			l := &spanstats.Stats{}
			provider := exportTo(t, c, l, 2*time.Second)
			if before > 0 {
				flushed(provider, named("before", before)...)
				settles(t, l, before)
			}
			endNamed(provider, append(named("beside", 63), "poison")...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := provider.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			check(t, c, l, outcome{received: before + 63, dropped: "timeout 1", mostRequests: 60})
		})
	}
}

func TestBatchesPassTheOneThatFails(t *testing.T) {
	c := newCollector(t, func(names []string) error {
		if slices.ContainsFunc(names, isPoison) {
			return status.Error(codes.Unavailable, "no")
		}
		return nil
	})
	l := &spanstats.Stats{}
	provider := exportTo(t, c, l, 30*time.Second)
	flushed(provider, named("before", 10)...)
	flushed(provider, "poison")
	for i := range 20 {
		flushed(provider, named(fmt.Sprint("after ", i), 50)...)
	}
	settles(t, l, 1010)
	check(t, c, l, outcome{received: 1010, mostRequests: 100})
}

// TestUnavailableForLong checks a proxy that answers UNAVAILABLE for a long time, because
// there is no collector behind it. No span must be lost. No batch may be treated as the
// cause of the failures.
func TestUnavailableForLong(t *testing.T) {
	for _, outage := range []time.Duration{90 * time.Second, 10 * time.Minute} {
		inBubble(t, func(b *bubble) {
			begin := time.Now().Add(6 * time.Second)
			b.refuses = func() error {
				if at := time.Since(begin); at > 0 && at < outage {
					return status.Error(codes.Unavailable, "no healthy upstream")
				}
				return nil
			}
			endSpans(b.provider, 10)
			<-time.After(time.Until(begin))
			for range 100 {
				endSpans(b.provider, 10)
				<-time.After(outage / 100)
			}
			<-time.After(time.Minute)
			synctest.Wait()
			if b.stats.Delivered() != 1010 || dropped(b.stats) != "" {
				b.Errorf("after %s: got %d delivered, dropped %q", outage, b.stats.Delivered(), dropped(b.stats))
			}
			if most := int(outage/firstPause) + 200; len(b.asked) > most {
				b.Errorf("after %s: got %d requests, want at most %d", outage, len(b.asked), most)
			}
		})
	}
}

// firstPause is shorter than the pauses between requests to a collector that is down.
const firstPause = 500 * time.Millisecond

// TestErraticCollectorLosesNothing checks a collector that refuses about half of the
// requests, at random. No span must be lost.
func TestErraticCollectorLosesNothing(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.Aborted} {
		inBubble(t, func(b *bubble) {
			b.refuses = func() error {
				if rand.N(2) == 0 {
					return status.Error(code, "overloaded")
				}
				return nil
			}
			for range 100 {
				endSpans(b.provider, 10)
				<-time.After(5 * time.Second)
			}
			<-time.After(2 * time.Minute)
			synctest.Wait()
			if b.stats.Delivered() != 1000 || dropped(b.stats) != "" {
				b.Errorf("%s: got %d delivered, dropped %q", code, b.stats.Delivered(), dropped(b.stats))
			}
			if len(b.asked) > 400 {
				b.Errorf("%s: got %d requests for 100 batches", code, len(b.asked))
			}
			b.Logf("%s: %d requests", code, len(b.asked))
		})
	}
}

// crashing returns a collector that stops when it gets a request with a certain span, and
// then starts again immediately. The second result is the number of stops so far.
func crashing(t *testing.T) (*collector, *atomic.Int64) {
	t.Helper()
	crashes := &atomic.Int64{}
	c := newCollector(t, nil)
	c.answer = func(names []string) error {
		if !slices.ContainsFunc(names, isPoison) {
			return nil
		}
		crashes.Add(1)
		c.mu.Lock()
		server := c.server
		c.mu.Unlock()
		down := make(chan struct{})
		go func() {
			server.Stop()
			c.listen()
			close(down)
		}()
		<-down
		return status.Error(codes.Aborted, "the client does not receive this")
	}
	return c, crashes
}

// TestSpanThatKillsTheCollector checks a batch that makes the collector crash. The batch
// must be given up after the second crash, and all other batches must be delivered.
func TestSpanThatKillsTheCollector(t *testing.T) {
	for _, beside := range []int{0, 1, 400} {
		t.Run(fmt.Sprint("beside ", beside), func(t *testing.T) {
			c, crashes := crashing(t)
			l := &spanstats.Stats{}
			provider := exportTo(t, c, l, 30*time.Second)
			flushed(provider, named("before", 10)...)
			settles(t, l, 10)
			flushed(provider, append(named("beside", beside), "poison")...)
			for i := range 20 {
				flushed(provider, named(fmt.Sprint("after ", i), 50)...)
			}
			settles(t, l, 1011+beside)
			check(t, c, l, outcome{received: 1010, dropped: fmt.Sprint("collector_lost ", beside+1), mostRequests: 100})
			if got := crashes.Load(); got != 2 {
				t.Errorf("got %d crashes, want 2", got)
			}
		})
	}
}

// TestOnlySpanKillsTheCollector checks the same as TestSpanThatKillsTheCollector, but when
// the collector crashes, there are no other spans. Other spans would show that the
// collector works.
func TestOnlySpanKillsTheCollector(t *testing.T) {
	c, crashes := crashing(t)
	l := &spanstats.Stats{}
	provider := exportTo(t, c, l, 30*time.Second)
	endNamed(provider, "poison")
	settles(t, l, 1)
	check(t, c, l, outcome{dropped: "collector_lost 1", mostRequests: 3})
	if got := crashes.Load(); got != 2 {
		t.Errorf("got %d crashes, want 2", got)
	}
	flushed(provider, named("after", 10)...)
	settles(t, l, 11)
	check(t, c, l, outcome{received: 10, dropped: "collector_lost 1", mostRequests: 8})
}

// TestBatchesBesideTheOneThatKills checks several batches that are in flight at the same
// time. One of them makes the collector crash. All other batches must be delivered.
func TestBatchesBesideTheOneThatKills(t *testing.T) {
	const spans = 50 * 512
	c, crashes := crashing(t)
	l := &spanstats.Stats{}
	provider := exportTo(t, c, l, 30*time.Second)
	names := named("span", spans)
	names[spans/2] = "poison"
	endNamed(provider, names...)
	settles(t, l, spans)
	received, duplicates, _ := c.count()
	byReason, lost := l.Drops()
	if int64(received)+lost != spans || lost > 512 || lost != byReason[spanstats.CollectorLost] || crashes.Load() != 2 {
		t.Errorf("got %d received, dropped %q, %d crashes; want at most one batch dropped and 2 crashes", received, dropped(l), crashes.Load())
	}
	if most := 8 * 512; duplicates > most {
		t.Errorf("got %d duplicates, want at most %d, the number of spans in flight", duplicates, most)
	}
}

func isPoison(name string) bool { return strings.HasPrefix(name, "poison") }
