//go:build !race

package load_test

import (
	"fmt"
	"testing"
)

func TestTry(t *testing.T) {
	for _, pipe := range []string{"spor", "stock", "spor", "stock"} {
		for _, p := range []plan{
			{Spans: 200_000, From: 2},
			{Spans: 200_000, From: 2, Rate: 200_000},
			{Spans: 50_000, From: 2, Rate: 10_000},
			{Spans: 5_000, From: 2, Rate: 1_000},
			{Spans: 200_000, From: 2, Rate: 100_000},
		} {
			p.Pipeline = pipe
			s := newSink(t)
			o, lines := begin(t, p, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+s.addr).end(t)
			fmt.Printf("%-6s rate %6d: got %6d took %6s flush %8s p50 %7s p99 %7s p999 %8s cpu/span %6.2fus rss %3dMB %s %.200s\n", pipe, p.Rate, s.count(), o.Took.Round(1e6), o.Flush.Round(1e6), o.P50, o.P99, o.P999, float64(o.CPU.Nanoseconds())/float64(s.count())/1e3, o.RSSGrew>>20, o.Lost, lines)
		}
	}
}
