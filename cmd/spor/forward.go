package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/nais/spor/internal/recording"
)

const (
	// forwardQueue is the maximum number of requests that wait to be forwarded.
	forwardQueue = 256
	// forwardTime is the longest time for one request, and for the rest of the queue at the end.
	forwardTime = 2 * time.Second
)

// A forwarder sends a copy of all telemetry and output to a spor listen. It never delays the
// command: what the listener does not take in time is dropped. A nil forwarder does nothing.
type forwarder struct {
	conn   *grpc.ClientConn
	queue  chan recording.Request
	ctx    context.Context //nolint:containedctx // the method close cancels it
	cancel context.CancelFunc
	done   sync.WaitGroup
	lost   atomic.Int64
}

func newForwarder(addr string) (*forwarder, error) {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return nil, err
	}
	f := &forwarder{conn: conn, queue: make(chan recording.Request, forwardQueue)}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.done.Go(func() {
		for r := range f.queue {
			if f.send(r) != nil {
				f.lost.Add(1)
			}
		}
	})
	return f, nil
}

func (f *forwarder) add(r recording.Request) {
	if f == nil {
		return
	}
	select {
	case f.queue <- r:
	default:
		f.lost.Add(1)
	}
}

func (f *forwarder) send(r recording.Request) error {
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
	return err
}

// The method close sends the rest of the queue, but not longer than forwardTime. Nothing may be
// added after it was called.
func (f *forwarder) close(say func(string)) {
	if f == nil {
		return
	}
	close(f.queue)
	timer := time.AfterFunc(forwardTime, f.cancel)
	f.done.Wait()
	timer.Stop()
	f.cancel()
	_ = f.conn.Close()
	if n := f.lost.Load(); n > 0 {
		say(count(int(n), "request") + " did not reach spor listen")
	}
}
