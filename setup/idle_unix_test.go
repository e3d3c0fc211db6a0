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
	if _, err := start(t); err == nil {
		t.Fatal("a delay of 0 is no error")
	}
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
