//go:build !race

package kafkatrace_test

import (
	"context"
	"testing"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

func atMost(t *testing.T, what string, want float64, run func()) {
	t.Helper()
	atMostIn(t, 1000, what, want, run)
}

func atMostIn(t *testing.T, runs int, what string, want float64, run func()) {
	t.Helper()
	got := testing.AllocsPerRun(runs, run)
	t.Logf("%s: %v allocations, at most %v allowed", what, got, want)
	if got > want {
		t.Errorf("%s: %v allocations, want at most %v", what, got, want)
	}
}

func TestAllocations(t *testing.T) {
	noSDK := &oteltest.SDK{TracerProvider: nil}
	for name, tt := range map[string]struct {
		sdk           *oteltest.SDK
		send, process float64
	}{
		"never sampled": {oteltest.NewSilent(t, sdktrace.NeverSample()), 6, 5},
		"sampled":       {oteltest.NewSilent(t, sdktrace.AlwaysSample()), 10, 11},
		"no SDK":        {noSDK, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			for _, measured := range []bool{false, true} {
				opts := []kafkatrace.Option{kafkatrace.WithPropagator(oteltest.W3C), kafkatrace.WithConsumerGroup("stats")}
				if tt.sdk == noSDK {
					opts = append(opts, kafkatrace.WithTracerProvider(tracenoop.NewTracerProvider()))
				} else {
					opts = append(opts, kafkatrace.WithTracerProvider(tt.sdk.TracerProvider))
				}
				if measured && tt.sdk != noSDK {
					opts = append(opts, kafkatrace.WithMeterProvider(tt.sdk.MeterProvider))
				} else {
					opts = append(opts, kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()))
				}
				tracer := kafkatrace.NewTracer(opts...)
				parent, own := remote(t, parentA), headers("type", "created")
				fields := own
				m := &kafkatrace.Message{Topic: "quotes", Headers: kafkatrace.Headers(&fields)}
				atMost(t, "send", tt.send, func() {
					fields = own
					_, end := tracer.StartSend(parent, m)
					m.Acked, m.Partition, m.Offset = true, 1, 42
					end(nil)
				})
				atMost(t, "process", tt.process, func() { tracer.Process(context.Background(), m, nothing) })
			}
		})
	}
}

func TestBatchAllocatesLittle(t *testing.T) {
	for name, sampler := range map[string]sdktrace.Sampler{"never sampled": sdktrace.NeverSample(), "sampled": sdktrace.AlwaysSample()} {
		sdk := oteltest.NewSilent(t, sampler)
		tracer := kafkatrace.NewTracer(options(sdk)...)
		all := make([]*kafkatrace.Message, 10_000)
		for i := range all {
			all[i] = new(kafkatrace.Message)
			sent(all[i], i, i%2 == 0)
		}
		atMostIn(t, 10, name, 300, func() {
			tracer.ProcessBatch(context.Background(), func(yield func(*kafkatrace.Message) bool) {
				for _, m := range all {
					if !yield(m) {
						return
					}
				}
			}, nothing)
		})
	}
}
