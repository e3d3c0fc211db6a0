package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// TestLongOutage checks that no span is lost if the collector is away for 450 seconds while a
// server with the largest buffer, 32 MiB, handles 1,000 requests per second. A collector that
// answers is tried with several batches, which are not compressed, so there is memory for three
// quarters of this time. With -short, it has
// an eighth of the memory, and a twelfth of the time, because some memory is always needed.
func TestLongOutage(t *testing.T) {
	throttled, err := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	outage, memory := 450*time.Second, 32<<20
	if testing.Short() {
		outage, memory = outage/12, memory/8
	}
	for name, setDown := range map[string]func(b *bubble, down bool){
		"no connection": (*bubble).setDown,
		"unavailable": func(b *bubble, down bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.refuses = nil
			if down {
				b.refuses = func() error { return status.Error(codes.Unavailable, "the memory is full") }
			}
		},
		"asks for pauses": func(b *bubble, down bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.refuses = nil
			if down {
				b.refuses = func() error { return throttled.Err() }
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			outage := outage
			if name != "no connection" {
				outage = outage * 3 / 4
			}
			testLongOutage(t, outage, memory, setDown)
		})
	}
}

func testLongOutage(t *testing.T, outage time.Duration, memory int, setDown func(b *bubble, down bool)) {
	t.Helper()
	inBubble(t, func(b *bubble) {
		stats := &spanstats.Stats{}
		p, err := pipeline.New(pipeline.Config{
			Dial: b.dial, Encoding: otlp.NewCommon(export.NewRewriter(dialect.New(0), environ.Peers{}, clean.Standard(), -1)),
			Stats: stats, Trouble: &trouble{}, Timeout: 30 * time.Second, Delay: 5 * time.Second, Bytes: func() int { return memory },
		})
		if err != nil {
			b.Fatal(err)
		}
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
		handle := handler(provider)
		setDown(b, true)
		requests := 0
		for begin := time.Now(); time.Since(begin) < outage; requests++ {
			handle()
		}
		setDown(b, false)
		<-time.After(2 * time.Minute) // longer than gRPC's pauses between attempts to connect
		synctest.Wait()
		if stats.Delivered() != int64(requests) {
			b.Errorf("got %d of %d spans, dropped %q", stats.Delivered(), requests, dropped(stats))
		}
		b.Logf("%d spans in %s", requests, outage)
		if err := provider.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
	})
}

// handler returns a function that handles a request. On average, the function takes a
// millisecond of the bubble's time. The requests have random trace IDs, users and durations.
func handler(provider *sdktrace.TracerProvider) (handle func()) {
	pause := func() { <-time.After(time.Duration(rand.ExpFloat64() * float64(time.Millisecond) / 2)) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/users/{id}", func(w http.ResponseWriter, _ *http.Request) {
		pause()
		w.WriteHeader(http.StatusNoContent)
	})
	traced := httptrace.Handler(mux, httptrace.WithTracerProvider(provider), httptrace.WithPropagator(propagation.TraceContext{}))
	return func() {
		pause()
		r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("http://app.team.svc/api/v1/users/%d", rand.N(100_000)), nil)
		r.RemoteAddr = fmt.Sprintf("10.6.1.12:%d", 40_000+rand.N(8)) // the ingress has eight connections
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)")
		r.Header.Set("Traceparent", fmt.Sprintf("00-%016x%016x-%016x-01", rand.Uint64(), rand.Uint64(), rand.Uint64()|1))
		traced.ServeHTTP(oteltest.NewWriter(), r)
	}
}
