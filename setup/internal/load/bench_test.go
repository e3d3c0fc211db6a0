package load_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The constant runs is the number of measurements per pipeline in BenchmarkEnd. The
// constant turns is the number of measurements per pipeline in the method costs. The
// pipelines are measured alternately. The benchmarks report the median.
const (
	runs  = 5
	turns = 9
)

// BenchmarkSpan measures the work between the end of a span and its delivery. For this, it
// measures the CPU time and the allocations of a program that ends spans and flushes. From
// these figures it subtracts the figures of a program with the same provider, but without
// export. The program and the collector are separate processes. Run all benchmarks in this
// file with -benchtime 1x.
func BenchmarkSpan(b *testing.B) {
	p := plan{Spans: 200_000, From: 1, Flushes: true}
	cpu, mallocs := p.costs(b, "stock", "none", "spor", "setup")
	nowhere := map[string]string{"stock": "none", "spor": "setup"}
	for name, none := range nowhere {
		b.ReportMetric(median(pairs(cpu[name], cpu[none], minus)), "cpu-ns/"+name)
		b.ReportMetric(median(pairs(mallocs[name], mallocs[none], minus)), "allocs/"+name)
	}
	after := func(name string) []float64 { return pairs(cpu[name], cpu[nowhere[name]], minus) }
	b.ReportMetric(median(pairs(after("spor"), after("stock"), over)), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRequest measures whole requests, from the handler to the collector: 10,000 per
// second, and as fast as possible. The collector decodes the spans.
func BenchmarkRequest(b *testing.B) {
	for name, p := range map[string]plan{
		"rate=10000":   {Spans: 50_000, From: 1, Requests: true, Rate: 10_000, Decodes: true},
		"rate=fastest": {Spans: 100_000, From: 1, Requests: true, Decodes: true},
	} {
		b.Run(name, func(b *testing.B) {
			cpu, mallocs := p.costs(b, "stock", "spor")
			for name := range cpu {
				b.ReportMetric(median(cpu[name]), "cpu-ns/"+name)
				b.ReportMetric(median(mallocs[name]), "allocs/"+name)
			}
			b.ReportMetric(median(pairs(cpu["spor"], cpu["stock"], over)), "cpu-ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// The method costs runs p several times. In each turn, it runs p once with each pipeline.
// For each pipeline and each turn, it returns the CPU time per span in nanoseconds and the
// number of allocations per span. Callers must only compare figures of the same turn,
// because the load from other programs on the machine changes less within one turn.
func (p plan) costs(b *testing.B, pipelines ...string) (cpu, mallocs map[string][]float64) {
	b.Helper()
	cpu, mallocs = map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		for range turns {
			for _, p.Pipeline = range pipelines {
				s := newSink(b)
				s.decodes = p.Decodes
				o := p.beside(b, s)
				cpu[p.Pipeline] = append(cpu[p.Pipeline], float64(o.CPU.Nanoseconds())/float64(o.Produced))
				mallocs[p.Pipeline] = append(mallocs[p.Pipeline], float64(o.Mallocs)/float64(o.Produced))
			}
		}
	}
	return cpu, mallocs
}

// The function pairs calls the function do once per turn, and returns the results. The
// arguments of do are two figures for this turn: one from the slice some, and one from the
// slice others.
func pairs(some, others []float64, do func(a, b float64) float64) []float64 {
	made := make([]float64, len(some))
	for i := range some {
		made[i] = do(some[i], others[i])
	}
	return made
}

func minus(a, b float64) float64 { return a - b }

func over(a, b float64) float64 { return a / b }

func median[N float64 | time.Duration](figures []N) N {
	return slices.Sorted(slices.Values(figures))[len(figures)/2]
}

// The method beside runs p with the collector s. The benchmark fails if a span was lost.
func (p plan) beside(b *testing.B, s *sink) outcome {
	b.Helper()
	o, _ := begin(b, p, "OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint(), "OTEL_EXPORTER_OTLP_INSECURE", "true").end(b)
	if got := s.count(); p.Pipeline != "none" && p.Pipeline != "setup" && got != o.Produced {
		b.Errorf("%s: got %d of %d spans: %s", p.Pipeline, got, o.Produced, o.Lost)
	}
	return o
}

// BenchmarkEnd measures span.End at several rates. It does this with a collector, and then
// without a collector.
func BenchmarkEnd(b *testing.B) {
	for _, collector := range []string{"live", "dead"} {
		for _, rate := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("collector=%s/rate=%d", collector, rate), func(b *testing.B) {
				benchmarkEnd(b, collector, rate)
			})
		}
	}
}

func benchmarkEnd(b *testing.B, collector string, rate int) {
	b.Helper()
	p50, p99, p999, lost := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string][]time.Duration{}, map[string]int{}
	for b.Loop() {
		for range runs {
			for _, name := range []string{"stock", "spor"} {
				s := newSink(b)
				if collector == "dead" {
					s.server.Stop()
				}
				p := plan{Pipeline: name, Spans: 2 * rate, From: 2, Rate: rate, Shutdown: 2 * time.Second}
				o, _ := begin(b, p, "OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint(), "OTEL_EXPORTER_OTLP_INSECURE", "true").end(b)
				p50[name], p99[name], p999[name] = append(p50[name], o.P50), append(p99[name], o.P99), append(p999[name], o.P999)
				lost[name] += o.Produced - s.count()
			}
		}
	}
	for _, name := range []string{"stock", "spor"} {
		b.ReportMetric(float64(median(p50[name]).Nanoseconds()), "p50-ns/"+name)
		b.ReportMetric(float64(median(p99[name]).Nanoseconds()), "p99-ns/"+name)
		b.ReportMetric(float64(median(p999[name]).Nanoseconds()), "p999-ns/"+name)
		b.ReportMetric(float64(lost[name])/float64(runs*b.N*2*rate), "lost/"+name)
	}
	b.ReportMetric(float64(median(p99["spor"]))/float64(median(p99["stock"])), "p99-ratio")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkBurst(b *testing.B) {
	for b.Loop() {
		for _, name := range []string{"stock", "spor"} {
			s := newSink(b)
			p := plan{Pipeline: name, Spans: 200_000, From: 2, Rate: 200_000}
			o, _ := begin(b, p, "OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint(), "OTEL_EXPORTER_OTLP_INSECURE", "true").end(b)
			b.ReportMetric(float64(o.Produced-s.count())/float64(o.Produced), "lost/"+name)
			b.ReportMetric(float64(o.RSSGrew>>20), "MiB/"+name)
			b.ReportMetric(float64(o.CPU.Nanoseconds())/float64(s.count()), "cpu-ns-delivered/"+name)
		}
	}
	b.ReportMetric(0, "ns/op")
}
