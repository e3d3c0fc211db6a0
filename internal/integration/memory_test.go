//go:build integration

package integration

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/receiver"
)

// The smallest pod of the platform has 56 MiB of memory. With GOMEMLIMIT, a team reserves a
// part of this memory for the heap and the Go runtime.
const (
	memoryLimit    = 56 << 20
	memoryLimitEnv = "GOMEMLIMIT=45MiB"
)

// TestMemory runs quotes with many requests, and with traces and metrics. It checks that the
// memory of the process stays below the limit, for each state of the collector. Each request
// makes three spans.
func TestMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		oteltest.Lacking(t, err)
	}
	refusing, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			return nil, status.Error(codes.Unavailable, "too much")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(refusing.Stop)
	for _, tt := range []struct{ collector, endpoint string }{
		{"live", listen(t, ":0").Endpoint()},
		{"refusing spans", refusing.Endpoint()},
		{"refusing connections", "http://" + closedPort(t)},
		{"silent", "http://" + blackHole(t)},
	} {
		t.Run(tt.collector, func(t *testing.T) {
			const perSecond, length = 400, 7 * time.Second
			q := newQuotes(t, tt.endpoint)
			address := closedPort(t)
			q.cmd.Env = append(q.cmd.Env, memoryLimitEnv, "PORT="+address[strings.LastIndexByte(address, ':')+1:],
				"OTEL_METRIC_EXPORT_INTERVAL=500")
			if err := q.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			awaitServing(t, address)
			served := len(paced(t, address, perSecond, length, func() {}))
			peak := peakMemory(t, q.cmd.Process.Pid)
			if err := q.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := q.cmd.Wait(); err != nil {
				t.Fatalf("%v: %s", err, &q.stderr)
			}
			t.Logf("peak of %.1f MiB after %d requests", float64(peak)/(1<<20), served)
			if peak > memoryLimit {
				t.Errorf("got a peak of %d bytes, want at most %d", peak, memoryLimit)
			}
			// The spans of this many requests would fill the smallest queue several times.
			if least := perSecond * int(length/time.Second) / 2; served < least {
				t.Errorf("got %d served requests, want at least %d", served, least)
			}
		})
	}
}

// peakMemory returns the maximum resident memory that the process has used so far.
func peakMemory(t *testing.T, pid int) (bytes int64) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kibibytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kibibytes << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
