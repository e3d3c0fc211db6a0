// Package hostile is a collector of traces for tests. It listens on a loopback address and
// receives spans by OTLP/gRPC. Its [Mood] decides how it misbehaves.
package hostile

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/nais/spor/internal/oteltest/mtls"
)

// Counts describes what a collector has received. The spans have the attribute "number".
type Counts struct {
	Received    int // spans with different numbers that were stored
	Duplicates  int // spans that were stored although they were stored before
	Requests    int // requests that reached the collector, including refused requests
	Batches     int // requests with at least one span that no earlier request contained
	Connections int
	Crashes     int
}

// A Collector is a collector with a certain mood. It stops when the test ends.
type Collector struct {
	mood    Mood
	outage  time.Duration
	options []grpc.ServerOption
	env     []string

	mu        sync.Mutex
	addr      string
	listener  net.Listener // nil if the collector does not listen
	stopped   bool
	conns     []net.Conn
	connected time.Time // time of the first connection
	asked     time.Time // time of the first request
	counts    Counts
	seen      map[int]bool // the numbers of the spans in all requests
	stored    map[int]bool
}

// Listen starts a collector. outage is the duration of the disturbance for moods that
// disturb only for some time.
func Listen(tb testing.TB, mood Mood, outage time.Duration) *Collector {
	tb.Helper()
	c := &Collector{mood: mood, outage: outage, addr: "127.0.0.1:0", seen: map[int]bool{}, stored: map[int]bool{}}
	c.options = append(c.options, grpc.ForceServerCodecV2(Raw{}))
	c.options = append(c.options, mood.options...)
	if mood.secure {
		authority := mtls.NewAuthority(tb, "authority")
		cert := authority.Issue(tb, "collector", mood.expired, "127.0.0.1")
		c.options = append(c.options, grpc.Creds(credentials.NewServerTLSFromCert(&cert.Certificate)))
		c.env = []string{"OTEL_EXPORTER_OTLP_CERTIFICATE", authority.File}
	}
	tb.Cleanup(c.stop)
	if err := c.listen(); err != nil {
		tb.Fatal(err)
	}
	if mood.absent {
		c.leave(outage)
	}
	return c
}

// Env returns the names and the values of the environment variables for a program that
// exports to the collector, alternately.
func (c *Collector) Env() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	scheme := "http://"
	if c.mood.secure {
		scheme = "https://"
	}
	return append(append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", scheme + c.addr}, c.env...), c.mood.Env...)
}

// Counts returns what the collector has received so far.
func (c *Collector) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// listen listens at the address of the collector.
func (c *Collector) listen() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped || c.listener != nil {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", c.addr)
	if err != nil {
		return err
	}
	c.listener, c.addr = l, l.Addr().String()
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			c.serve(l, conn)
		}
	}()
	return nil
}

// leave closes the listener and all connections without a warning. The collector listens
// again after the duration away. leave reports whether the collector was listening.
func (c *Collector) leave(away time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil {
		return false
	}
	c.close()
	time.AfterFunc(away, c.comeBack)
	return true
}

// comeBack listens again. If the port is still in use, it tries again later.
func (c *Collector) comeBack() {
	if c.listen() != nil {
		time.AfterFunc(10*time.Millisecond, c.comeBack)
	}
}

// crash does the same as leave, and counts a crash.
func (c *Collector) crash() {
	if c.leave(c.outage / 10) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.counts.Crashes++
	}
}

func (c *Collector) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.close()
}

// The method close closes the listener and all connections. The caller must hold c.mu.
func (c *Collector) close() {
	if c.listener != nil {
		_ = c.listener.Close()
		c.listener = nil
	}
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// serve serves one connection that l has accepted. Each connection has its own gRPC server.
// Therefore, the collector can end one connection with GOAWAY and still listen.
func (c *Collector) serve(l net.Listener, raw net.Conn) {
	c.mu.Lock()
	if c.listener != l {
		c.mu.Unlock()
		_ = raw.Close()
		return
	}
	if c.connected.IsZero() {
		c.connected = time.Now()
	}
	c.conns = append(c.conns, raw)
	c.counts.Connections++
	nth := c.counts.Connections
	c.mu.Unlock()
	conn := raw
	if c.mood.conn != nil {
		if conn = c.mood.conn(c, raw, nth); conn == nil {
			return
		}
	}
	var server *grpc.Server
	server = grpc.NewServer(append(c.options, grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		return c.take(server, stream)
	}))...)
	go func() { _ = server.Serve(&single{l, conn}) }() // Serve returns, and the server still serves conn
}

// single is a listener that accepts one connection, which exists already.
type single struct {
	net.Listener
	conn net.Conn
}

// Accept returns the connection at the first call, and an error after that.
func (s *single) Accept() (net.Conn, error) {
	conn := s.conn
	if conn == nil {
		return nil, io.EOF
	}
	s.conn = nil
	return conn, nil
}

// Close does nothing.
func (*single) Close() error { return nil }

// A request is a request that the collector has read.
type request struct {
	nth     int          // 1 for the first request
	numbers []int        // the numbers of the spans that are stored if the request is accepted
	server  *grpc.Server // serves the connection of the request
}

// take reads a request and answers it as the mood says.
func (c *Collector) take(server *grpc.Server, stream grpc.ServerStream) error {
	r := request{nth: c.count(), server: server}
	var body, reply []byte
	if err := stream.RecvMsg(&body); err != nil {
		return err
	}
	EachSpan(body, func(span []byte) { r.numbers = append(r.numbers, Number(span)) })
	c.see(r.numbers)
	if c.mood.answer != nil {
		var err error
		if reply, err = c.mood.answer(stream.Context(), c, &r); err != nil {
			return err
		}
	}
	c.store(r.numbers)
	return stream.SendMsg(&reply)
}

// The method count counts a request, and returns the number of requests so far.
func (c *Collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts.Requests++; c.counts.Requests == 1 {
		c.asked = time.Now()
		if c.mood.crashes {
			time.AfterFunc(c.outage/4, c.crashAgain)
		}
	}
	return c.counts.Requests
}

// crashAgain crashes again and again, until three times the outage is over.
func (c *Collector) crashAgain() {
	if c.left(&c.asked) > -2*c.outage {
		c.crash()
		time.AfterFunc(c.outage/4, c.crashAgain)
	}
}

// The method see records the numbers of the spans of a request.
func (c *Collector) see(numbers []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.seen)
	for _, n := range numbers {
		c.seen[n] = true
	}
	if len(c.seen) > before {
		c.counts.Batches++
	}
}

func (c *Collector) store(numbers []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range numbers {
		c.stored[n] = true
	}
	c.counts.Duplicates += len(numbers) - (len(c.stored) - c.counts.Received)
	c.counts.Received = len(c.stored)
}

// left returns how long the outage still lasts, if it began at the time in the field begin.
func (c *Collector) left(begin *time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Until(begin.Add(c.outage))
}
