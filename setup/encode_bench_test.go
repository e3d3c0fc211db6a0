//go:build unix

package setup_test

import (
	"testing"

	"github.com/nais/spor/setup"
)

// BenchmarkEncode measures what the pipeline does with a span when it ends.
func BenchmarkEncode(b *testing.B) {
	batch := httpBatch()
	encoding := setup.NewEncoding()
	b.ReportAllocs()
	var size int
	begin := cpuTime(b)
	for b.Loop() {
		size = len(encoding.Request(batch))
	}
	b.ReportMetric(float64((cpuTime(b)-begin).Nanoseconds())/float64(b.N)/batchSize, "cpu-ns/span")
	b.ReportMetric(float64(size)/batchSize, "B/span")
}
