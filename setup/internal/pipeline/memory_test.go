package pipeline_test

import (
	"context"
	"math"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// heavy contains several groups of spans. Each group uses memory in a different way. All
// spans of one group together need many times more memory than the limit allows.
var heavy = []struct {
	name  string
	spans int
	fill  func(trace.Span)
}{
	{"128 attributes of 8,000 bytes", 40, func(span trace.Span) {
		for i := range 128 {
			span.SetAttributes(attribute.String(strconv.Itoa(i), strings.Repeat("x", 8000)))
		}
	}},
	{"an attribute of 30,000 bytes", 600, func(span trace.Span) {
		span.SetAttributes(attribute.String("k", strings.Repeat("x", 30_000)))
	}},
	{"ten short attributes", 24_000, func(span trace.Span) {
		for i := range 10 {
			span.SetAttributes(attribute.Int(strings.Repeat("k", 20), i))
		}
	}},
	{"nothing", 80_000, func(trace.Span) {}},
	{"an event of 100,000 bytes", 240, func(span trace.Span) {
		span.AddEvent("e", trace.WithAttributes(attribute.String("k", strings.Repeat("x", 100_000))))
	}},
	{"100 links", 1600, func(span trace.Span) {
		for i := range 100 {
			span.AddLink(trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID{byte(i), 1}, SpanID: trace.SpanID{1},
			}), Attributes: []attribute.KeyValue{attribute.Int("k", i)}})
		}
	}},
	{"lists of texts", 200, func(span trace.Span) {
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = strings.Repeat("x", 1000)
		}
		span.SetAttributes(attribute.StringSlice("k", texts), attribute.Map("m", attribute.Slice("s", attribute.StringValue(strings.Repeat("x", 10_000)))))
	}},
}

// collectors contains collectors that do not accept spans, so that the spans stay in memory.
var collectors = map[string]func(context.Context) error{
	"dead": nil,
	"silent": func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	},
	"busy": func(context.Context) error { return status.Error(codes.Aborted, "later") },
}

func TestMemoryIsBounded(t *testing.T) {
	for collector, answer := range collectors {
		for _, tt := range heavy {
			t.Run(collector+"/"+tt.name, func(t *testing.T) { testMemory(t, answer, tt.spans, tt.fill) })
		}
	}
}

func testMemory(t *testing.T, answer func(context.Context) error, spans int, fill func(trace.Span)) {
	t.Helper()
	const most = 8 << 20
	dial := reachingAt("127.0.0.1:1")
	if answer != nil {
		dial = reachingAt(answering(t, answer))
	}
	l := &spanstats.Stats{}
	p, err := pipeline.New(pipeline.Config{
		Dial: dial, Encoding: otlp.NewCommon(plain{}), Stats: l, Trouble: &trouble{},
		Timeout: 30 * time.Second, Delay: 100 * time.Millisecond, Bytes: func() int { return most },
	})
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	tracer := provider.Tracer("test")
	runtime.GC() // frees what the last test left
	before, highest := heap(math.MaxInt), 0
	limit := before + most + most/4
	for i := range 4 {
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				for range spans / 8 {
					_, span := tracer.Start(context.Background(), "work")
					fill(span)
					span.End()
				}
			})
		}
		all.Wait()
		highest = max(highest, heap(limit)-before)
		if i%2 == 1 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_ = provider.ForceFlush(ctx)
			cancel()
			highest = max(highest, heap(limit)-before)
		}
	}
	if before+highest > limit {
		t.Errorf("the heap grew by %.1f MiB, want at most %d MiB plus a quarter", float64(highest)/(1<<20), most>>20)
	}
	if _, lost := l.Drops(); lost > 0 && highest < most/4 {
		t.Errorf("the heap grew only by %.1f MiB: spans were dropped before the memory was used", float64(highest)/(1<<20))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = p.Shutdown(ctx)
}

// TestTextThatIsCutIsFreed checks that long texts do not stay in memory after the SDK has cut
// them. They must be freed when the span ends, because the pipeline does not know their length.
func TestTextThatIsCutIsFreed(t *testing.T) {
	for name, attributes := range map[string]func(long string) attribute.KeyValue{
		"text":  func(long string) attribute.KeyValue { return attribute.String("k", long) },
		"texts": func(long string) attribute.KeyValue { return attribute.StringSlice("k", []string{"short", long}) },
		"text in map": func(long string) attribute.KeyValue {
			return attribute.Map("k", attribute.Slice("s", attribute.StringValue(long)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			const cut, long = 1000, 16 << 20
			p, err := pipeline.New(pipeline.Config{
				Dial: reachingAt("127.0.0.1:1"), Encoding: otlp.NewCommon(plain{}), Stats: &spanstats.Stats{}, Trouble: &trouble{},
				Timeout: 30 * time.Second, Delay: time.Hour, Bytes: func() int { return 8 << 20 }, ValueLength: cut,
			})
			if err != nil {
				t.Fatal(err)
			}
			limits := sdktrace.NewSpanLimits()
			limits.AttributeValueLengthLimit = cut
			provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p), sdktrace.WithRawSpanLimits(limits))
			endSpans(provider, 3) // short spans, which wait in the ring
			before := heap(math.MaxInt)
			for range 4 {
				_, span := provider.Tracer("test").Start(t.Context(), "work")
				span.SetAttributes(attributes(strings.Repeat("x", long)))
				span.End()
			}
			if grew := heap(before+long/2) - before; grew > long/2 {
				t.Errorf("the heap grew by %d MiB", grew>>20)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_ = p.Shutdown(ctx)
		})
	}
}

// answering returns the address of a collector that answers requests without reading them.
// If it read a request, the test would also measure the memory for that request.
func answering(t *testing.T, answer func(context.Context) error) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const window = 64 << 10 // bytes per stream
	server := grpc.NewServer(grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error { return answer(stream.Context()) }))
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// heap returns the number of bytes in use. If this number is above most, heap measures
// again for up to two seconds, and returns the lowest result, because a measurement may
// include garbage of other goroutines.
func heap(most int) int {
	least := math.MaxInt
	for deadline := time.Now().Add(2 * time.Second); ; <-time.After(20 * time.Millisecond) {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		least = min(least, int(stats.HeapAlloc))
		if least <= most || time.Now().After(deadline) {
			return least
		}
	}
}
