package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/metadata"
)

// A Processor exports spans. It is safe for concurrent use.
type Processor struct {
	config Config
	buffer *buffer
	shards *shards
	sender *sender
	homes  sync.Pool // contains *int, the index of a shard

	stop    sync.Once
	stopped chan struct{}
	err     error
	ran     chan struct{} // closed when the sender has ended
}

var _ sdktrace.SpanProcessor = (*Processor)(nil)

// New returns a processor that runs until Shutdown is called. If c.Dial returns an error,
// New returns this error.
func New(c Config) (*Processor, error) {
	conn, err := c.Dial()
	if err != nil {
		return nil, err
	}
	b := &buffer{
		limits: limits{stats: c.Stats, bytes: c.Bytes, mostSpans: int64(c.MostSpans), batchSpans: int64(c.BatchSpans)},
		wake:   make(chan struct{}, 1),
	}
	p := &Processor{
		config: c, buffer: b, shards: newShards(b, c.Encoding, sizer(max(0, c.ValueLength))),
		stopped: make(chan struct{}), ran: make(chan struct{}),
	}
	p.homes.New = func() any { return new(int) }
	life, abort := context.WithCancel(metadata.NewOutgoingContext(context.Background(), metadata.New(c.Headers)))
	p.sender = &sender{
		collector: &collector{trouble: c.Trouble, timeout: c.Timeout, life: life, dial: c.Dial, connected: make(chan struct{})},
		buffer:    b, shards: p.shards, delay: c.Delay, abort: abort, results: make(chan result, mostInFlight),
	}
	p.sender.collector.conn.Store(conn)
	p.sender.collector.broken.Store(new(time.Time))
	go func() {
		defer close(p.ran)
		p.sender.run()
	}()
	return p, nil
}

// OnStart does nothing.
func (*Processor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd exports a span if it is sampled. OnEnd does not wait for the collector.
func (p *Processor) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	home, _ := p.homes.Get().(*int)
	p.shards.add(home, span)
	p.homes.Put(home)
}

// ForceFlush waits until every span that has ended is delivered or dropped. It returns an
// error if ctx ends first. If ctx has no deadline, ForceFlush waits at most as long as
// Config.Timeout.
func (p *Processor) ForceFlush(ctx context.Context) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.config.Timeout)
		defer cancel()
	}
	age := p.shards.sealAll()
	p.sender.flush(age)
	for {
		changed := p.buffer.finishedThrough(age)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("spans were not flushed: %w", context.Cause(ctx))
		}
	}
}

// Shutdown sends the waiting spans until ctx ends. If the collector cannot be reached, and
// WasReachable of Trouble returns false, Shutdown stops sending after one second. In both
// cases, the spans that are still waiting are then dropped. When Shutdown returns, all
// goroutines have ended and the connection is closed. A later call of Shutdown waits for the
// first call and returns the same error.
func (p *Processor) Shutdown(ctx context.Context) error {
	p.stop.Do(func() {
		p.err = p.shutdown(ctx)
		close(p.stopped)
	})
	<-p.stopped
	return p.err
}

func (p *Processor) shutdown(ctx context.Context) error {
	now := time.Now()
	end, bounded := ctx.Deadline()
	if !bounded {
		end = now.Add(longestPause)
	}
	p.shards.seal(true)
	p.buffer.beginDrain(&drain{now, end})
	p.buffer.wakeSender()
	select {
	case <-p.ran:
	case <-ctx.Done():
	}
	p.sender.abort()
	<-p.ran
	p.buffer.abandon()
	p.config.Trouble.Dropped()
	return p.sender.collector.conn.Load().Close()
}
