//go:build unix

package setup_test

import (
	"syscall"
	"testing"
	"time"
)

func TestIdleCostsNoCPU(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY", "0")
	mustStart(t)
	endSpans(1)
	eventually(t, "the span", func() bool { return c.count() > 0 })
	before := cpuTime(t)
	<-time.After(time.Second)
	if used := cpuTime(t) - before; used > 50*time.Millisecond {
		t.Errorf("CPU in an idle second: got %s, want at most 50ms", used)
	}
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
