package hostile

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Poison is the number of the span because of which some collectors misbehave.
const Poison = 555

// A Mood is the way in which a collector misbehaves.
type Mood struct {
	Name string
	// Env contains environment variables for the program, see [Collector.Env].
	Env []string
	// Silent is true if the collector may store spans but not answer.
	Silent bool
	// Loses is the number of spans that a good exporter loses at most.
	Loses int
	// Hopeless is true if the collector never accepts a span.
	Hopeless bool
	// Halves is true if an exporter can find the span with the number Poison by halving.
	Halves bool
	// Kills is true if the span with the number Poison makes the collector crash.
	Kills bool

	// answer answers a request. Without it, every request is accepted.
	answer answer
	// conn returns the connection to serve instead of raw, or nil if raw is not served. nth
	// is 1 for the first connection.
	conn    func(c *Collector, raw net.Conn, nth int) net.Conn
	options []grpc.ServerOption
	secure  bool // the collector uses TLS
	expired bool // the certificate has expired
	absent  bool // the collector does not listen during the outage
	crashes bool // the collector crashes again and again, for three times the outage
}

// An answer returns the answer to a request. If there is no error, the spans are stored.
type answer func(ctx context.Context, c *Collector, r *request) (reply []byte, err error)

// batchesOf100 makes all exporters send batches with 100 spans. It is for moods that refuse
// whole requests, because then the number of lost spans depends on the size of the batches.
var batchesOf100 = []string{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100", "OTEL_BSP_SCHEDULE_DELAY", "5000"}

// Moods contains all moods.
var Moods = []Mood{
	{Name: "healthy"},
	{Name: "slow reader", conn: slow},
	{Name: "half-open", conn: halfOpen},
	{Name: "deaf", conn: deaf, Env: []string{"OTEL_EXPORTER_OTLP_TIMEOUT", "5000"}, Silent: true},
	{Name: "GOAWAY after each request", answer: goAway},
	{Name: "connections live 200 ms", options: []grpc.ServerOption{grpc.KeepaliveParams(keepalive.ServerParameters{
		MaxConnectionAge: 200 * time.Millisecond, MaxConnectionAgeGrace: time.Minute,
	})}},
	{Name: "UNAVAILABLE", answer: refuse(codes.Unavailable, 0, duringOutage)},
	{Name: "UNAVAILABLE with RetryInfo", answer: refuse(codes.Unavailable, shortPause, duringOutage)},
	{Name: "RESOURCE_EXHAUSTED with RetryInfo", answer: refuse(codes.ResourceExhausted, shortPause, duringOutage)},
	{Name: "RESOURCE_EXHAUSTED", answer: refuse(codes.ResourceExhausted, 0, threeRequests), Env: batchesOf100, Loses: 300},
	{Name: "INTERNAL", answer: refuse(codes.Internal, 0, threeRequests), Env: batchesOf100, Loses: 300},
	{Name: "poison: INVALID_ARGUMENT", answer: refuse(codes.InvalidArgument, 0, hasPoison), Halves: true, Loses: 1},
	{Name: "poison: UNAVAILABLE", answer: refuse(codes.Unavailable, 0, hasPoison), Halves: true, Loses: 1},
	{Name: "poison: crash", answer: crash, Env: batchesOf100, Silent: true, Kills: true, Loses: 100},
	{Name: "crash loop", crashes: true, Silent: true},
	{Name: "late answers", answer: late, Env: []string{"OTEL_EXPORTER_OTLP_TIMEOUT", "2000"}, Silent: true},
	{Name: "resets", conn: reset, Silent: true},
	{Name: "partial success", answer: partial, Loses: 100},
	{Name: "undecodable reply", answer: reply([]byte{0xFF})},
	{Name: "large reply", answer: reply(make([]byte, 5<<20))},
	{Name: "small requests", options: []grpc.ServerOption{grpc.MaxRecvMsgSize(16 << 10)}},
	{Name: "TLS stalls", conn: halfOpen, secure: true},
	{Name: "expired certificate", secure: true, expired: true, Hopeless: true},
	{Name: "refused", absent: true},
}

const shortPause = 200 * time.Millisecond

func duringOutage(c *Collector, _ *request) bool { return c.left(&c.asked) > 0 }

func threeRequests(_ *Collector, r *request) bool { return r.nth >= 2 && r.nth <= 4 }

func hasPoison(_ *Collector, r *request) bool { return slices.Contains(r.numbers, Poison) }

// refuse answers with an error if the function when returns true. If the pause is not 0, the
// error contains RetryInfo.
func refuse(code codes.Code, pause time.Duration, when func(*Collector, *request) bool) answer {
	s := status.New(code, "hostile: no")
	if pause > 0 {
		s, _ = s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(pause)})
	}
	return func(_ context.Context, c *Collector, r *request) ([]byte, error) {
		if when(c, r) {
			return nil, s.Err()
		}
		return nil, nil
	}
}

func crash(ctx context.Context, c *Collector, r *request) ([]byte, error) {
	if !hasPoison(c, r) {
		return nil, nil
	}
	c.crash()
	<-ctx.Done()
	return nil, ctx.Err()
}

// goAway sends GOAWAY beside the answer.
func goAway(_ context.Context, _ *Collector, r *request) ([]byte, error) {
	go r.server.GracefulStop()
	return nil, nil
}

// late stores the spans, and answers when the client does not wait any more.
func late(ctx context.Context, c *Collector, r *request) ([]byte, error) {
	c.store(r.numbers)
	r.numbers = nil
	select {
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
	}
	return nil, ctx.Err()
}

// partial rejects the first 100 spans.
func partial(_ context.Context, _ *Collector, r *request) ([]byte, error) {
	all := len(r.numbers)
	r.numbers = slices.DeleteFunc(r.numbers, func(n int) bool { return n < 100 })
	return proto.Marshal(&coltrace.ExportTraceServiceResponse{PartialSuccess: &coltrace.ExportTracePartialSuccess{
		RejectedSpans: int64(all - len(r.numbers)), ErrorMessage: "hostile: the first 100 spans",
	}})
}

func reply(bytes []byte) answer {
	return func(context.Context, *Collector, *request) ([]byte, error) { return bytes, nil }
}

// A reader is a connection whose Read is the field read.
type reader struct {
	net.Conn
	read func(p []byte) (int, error)
}

func (r reader) Read(p []byte) (int, error) { return r.read(p) }

// slow reads at most 512 bytes each 20 ms during the outage.
func slow(c *Collector, raw net.Conn, _ int) net.Conn {
	return reader{raw, func(p []byte) (int, error) {
		if c.left(&c.connected) > 0 {
			<-time.After(20 * time.Millisecond)
			p = p[:min(len(p), 512)]
		}
		return raw.Read(p)
	}}
}

// halfOpen does not serve connections during the outage. It closes them after the outage.
func halfOpen(c *Collector, raw net.Conn, _ int) net.Conn {
	left := c.left(&c.connected)
	if left <= 0 {
		return raw
	}
	time.AfterFunc(left, func() { _ = raw.Close() })
	return nil
}

// deaf stops reading the first connection after the second request. The connection stays
// open.
func deaf(c *Collector, raw net.Conn, nth int) net.Conn {
	if nth > 1 {
		return raw
	}
	return reader{raw, func(p []byte) (int, error) {
		n, err := raw.Read(p)
		if c.Counts().Requests < 3 || err != nil {
			return n, err
		}
		socket, err := raw.(*net.TCPConn).SyscallConn()
		if err != nil {
			return 0, err
		}
		return 0, socket.Read(func(uintptr) bool { return false }) // waits until raw is closed
	}}
}

// reset resets each connection after 20,000 bytes, which are a part of a request, during
// the outage.
func reset(c *Collector, raw net.Conn, _ int) net.Conn {
	most := 20_000
	return reader{raw, func(p []byte) (int, error) {
		switch {
		case c.left(&c.connected) <= 0:
			return raw.Read(p)
		case most == 0:
			return 0, errors.Join(net.ErrClosed, raw.(*net.TCPConn).SetLinger(0), raw.Close())
		}
		n, err := raw.Read(p[:min(len(p), most)])
		most -= n
		return n, err
	}}
}
