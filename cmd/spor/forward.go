package main

import (
	"context"
	"strings"
	"sync"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/recording"
)

const (
	// forwardBytes is the maximum size of the requests that wait to be forwarded.
	forwardBytes = 64 << 20
	// forwardRequest is the size from which requests are not joined any more. The receiver accepts
	// 16 MiB.
	forwardRequest = 2 << 20
	// forwardTime is the longest time for one request, and for the rest at the end.
	forwardTime = 2 * time.Second
)

// A forwarder sends a copy of all telemetry and output to a spor listen. It never delays the
// command: what does not fit into forwardBytes is dropped. A nil forwarder does nothing.
type forwarder struct {
	conn   *grpc.ClientConn
	ctx    context.Context //nolint:containedctx // the method close cancels it
	cancel context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{} // has an element if something waits

	mu      sync.Mutex
	waiting []sized
	bytes   int
	closed  bool
	lost    items
}

func newForwarder(addr string) (*forwarder, error) {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return nil, err
	}
	f := &forwarder{conn: conn, wake: make(chan struct{}, 1)}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.done.Go(f.run)
	return f, nil
}

func (f *forwarder) add(r recording.Request) {
	if f == nil {
		return
	}
	size := sizeOf(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bytes+size > forwardBytes {
		f.lost.add(r)
		return
	}
	f.bytes += size
	f.waiting = append(f.waiting, sized{r, size})
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// The method run sends what waits, until the forwarder is closed and nothing waits.
func (f *forwarder) run() {
	for range f.wake {
		for {
			waiting, closed := f.take()
			if len(waiting) == 0 {
				if closed {
					return
				}
				break
			}
			for _, r := range joined(waiting) {
				f.send(r)
			}
		}
	}
}

func (f *forwarder) take() (waiting []sized, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	waiting, f.waiting, f.bytes = f.waiting, nil, 0
	return waiting, f.closed
}

func (f *forwarder) send(r recording.Request) {
	ctx, cancel := context.WithTimeout(f.ctx, forwardTime)
	defer cancel()
	var err error
	switch {
	case r.Traces != nil:
		_, err = coltrace.NewTraceServiceClient(f.conn).Export(ctx, r.Traces)
	case r.Metrics != nil:
		_, err = colmetrics.NewMetricsServiceClient(f.conn).Export(ctx, r.Metrics)
	case r.Logs != nil:
		_, err = collogs.NewLogsServiceClient(f.conn).Export(ctx, r.Logs)
	}
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.lost.add(r)
	}
}

// The method close sends what waits, but not longer than forwardTime. Nothing may be added after
// it was called.
func (f *forwarder) close(say func(string)) {
	if f == nil {
		return
	}
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	timer := time.AfterFunc(forwardTime, f.cancel)
	f.done.Wait()
	timer.Stop()
	f.cancel()
	_ = f.conn.Close()
	if text := f.lost.text(); text != "" {
		say(text + " did not reach spor listen")
	}
}

// The function joined joins requests of the same kind, because each line of the output is a
// request. It does not change the requests.
func joined(waiting []sized) []recording.Request {
	var all []recording.Request
	var traces, metrics, logs sized // the last request of each kind
	for _, r := range waiting {
		switch {
		case r.Traces != nil:
			if traces.isFull(r.size) {
				traces = sized{Request: recording.Request{Traces: &coltrace.ExportTraceServiceRequest{}}}
				all = append(all, traces.Request)
			}
			traces.size += r.size
			traces.Traces.ResourceSpans = append(traces.Traces.ResourceSpans, r.Traces.GetResourceSpans()...)
		case r.Metrics != nil:
			if metrics.isFull(r.size) {
				metrics = sized{Request: recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{}}}
				all = append(all, metrics.Request)
			}
			metrics.size += r.size
			metrics.Metrics.ResourceMetrics = append(metrics.Metrics.ResourceMetrics, r.Metrics.GetResourceMetrics()...)
		case r.Logs != nil:
			if logs.isFull(r.size) {
				logs = sized{Request: recording.Request{Logs: &collogs.ExportLogsServiceRequest{}}}
				all = append(all, logs.Request)
			}
			logs.size += r.size
			logs.Logs.ResourceLogs = append(logs.Logs.ResourceLogs, r.Logs.GetResourceLogs()...)
		}
	}
	return all
}

// A sized is a request and its size in bytes. A zero size means that there is no request yet.
type sized struct {
	recording.Request

	size int
}

// isFull reports whether a request of this size must not be joined to s.
func (s *sized) isFull(size int) bool { return s.size == 0 || s.size+size > forwardRequest }

func sizeOf(r recording.Request) int {
	return proto.Size(r.Traces) + proto.Size(r.Metrics) + proto.Size(r.Logs)
}

// items are numbers of spans, data points, and log records. A line is a log record, too.
type items struct{ spans, points, records int }

func (i *items) add(r recording.Request) {
	for _, resource := range r.Traces.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			i.spans += len(scope.GetSpans())
		}
	}
	i.points += dataPoints(r.Metrics)
	i.records += logRecords(r.Logs)
}

func (i *items) text() string {
	var parts []string
	for _, part := range []struct {
		n     int
		thing string
	}{{i.spans, "span"}, {i.points, "metric data point"}, {i.records, "log record or line"}} {
		if part.n > 0 {
			parts = append(parts, count(part.n, part.thing))
		}
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), "record or lines", "records and lines")
}
