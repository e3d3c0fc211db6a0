// Package probe puts a provider of the SDK into the test binary of a peer, and counts spans.
// It is copied into the peer's source, because the peer may not import an internal package.
package probe

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Variant returns the way in which spor is put in. It is empty if the tests run
// without spor.
func Variant() string { return os.Getenv("SPOR_PEERS") }

// On reports whether the tests are to run with spor.
func On() bool { return Variant() != "" }

// Has reports whether name is a word of the variant. Words are separated by "+".
func Has(name string) bool {
	for word := range strings.SplitSeq(Variant(), "+") {
		if word == name {
			return true
		}
	}
	return false
}

// started and ended count the spans of the process, open holds the names of those that have
// not ended, and reader reads the metrics of the process.
var (
	started, ended atomic.Int64
	open           sync.Map
	reader         = sdkmetric.NewManualReader()
)

func init() {
	if !On() {
		return
	}
	tracers := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithSpanProcessor(counter{}),
	)
	if Has("late") {
		otel.SetTracerProvider(lateProvider{tracers})
	} else {
		otel.SetTracerProvider(tracers)
	}
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
}

// A lateProvider allows attributes to be set when a span ends, as package setup does.
type lateProvider struct{ trace.TracerProvider }

// AttributesAtEnd reports true.
func (lateProvider) AttributesAtEnd() bool { return true }

// Unwrap returns the provider of the SDK.
func (p lateProvider) Unwrap() trace.TracerProvider { return p.TracerProvider }

// A counter counts the spans that start and end.
type counter struct{}

func (counter) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	started.Add(1)
	open.Store(s.SpanContext().SpanID(), s.Name()+test())
}

// test returns the name of the test function that started the span, if it is on the stack.
func test() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		frame, more := frames.Next()
		name := frame.Function[strings.LastIndex(frame.Function, "/")+1:]
		if strings.Contains(name, ".Test") || strings.Contains(name, ".test") && !strings.Contains(name, "probe.") {
			return " (" + name + ")"
		}
		if !more {
			return ""
		}
	}
}

func (counter) OnEnd(s sdktrace.ReadOnlySpan) {
	_ = s.Attributes()
	open.Delete(s.SpanContext().SpanID())
	ended.Add(1)
}

func (counter) Shutdown(context.Context) error   { return nil }
func (counter) ForceFlush(context.Context) error { return nil }

// Run runs the tests of m and prints how many spans were started and ended, and the names of
// those that have not ended. It waits up to ten seconds for these spans.
func Run(m interface{ Run() int }) int {
	if !On() {
		return m.Run()
	}
	stop := collect()
	code := m.Run()
	stop()
	waitForSpans()
	fmt.Printf("\nspor-peers: spans %d %d\n", started.Load(), ended.Load())
	open.Range(func(_, name any) bool {
		fmt.Printf("spor-peers: not ended: %s\n", name)
		return true
	})
	return code
}

// waitForSpans waits up to ten seconds until all spans have ended. The spans of rows that a test
// has lost end when the garbage collector finds them.
func waitForSpans() {
	ticker, timeout := time.NewTicker(100*time.Millisecond), time.NewTimer(10*time.Second)
	defer ticker.Stop()
	defer timeout.Stop()
	for started.Load() != ended.Load() {
		select {
		case <-ticker.C:
			runtime.GC()
		case <-timeout.C:
			return
		}
	}
}

// collect reads all metrics once a second, so that callbacks run beside the tests.
func collect() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			_ = reader.Collect(context.Background(), new(metricdata.ResourceMetrics))
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
