package receiver_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
)

func listen(t *testing.T, sink receiver.Sink) *receiver.Server {
	t.Helper()
	s, err := receiver.Listen("127.0.0.1:0", sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func dial(t *testing.T, s *receiver.Server) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func request(spans int) *coltrace.ExportTraceServiceRequest {
	scope := &tracepb.ScopeSpans{}
	for range spans {
		scope.Spans = append(scope.Spans, &tracepb.Span{Name: "GET /quotes/{id}"})
	}
	return &coltrace.ExportTraceServiceRequest{
		ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{scope}}},
	}
}

func TestListenReceivesAllSignals(t *testing.T) {
	var traces, metrics, logs atomic.Int32
	s := listen(t, receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			traces.Add(int32(len(r.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans())))
			return nil, nil
		},
		Metrics: func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			metrics.Add(1)
			return nil, nil
		},
		Logs: func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			logs.Add(1)
			return nil, nil
		},
	})
	conn := dial(t, s)
	if _, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), request(3)); err != nil {
		t.Error(err)
	}
	if _, err := colmetrics.NewMetricsServiceClient(conn).Export(t.Context(), &colmetrics.ExportMetricsServiceRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := collogs.NewLogsServiceClient(conn).Export(t.Context(), &collogs.ExportLogsServiceRequest{}); err != nil {
		t.Error(err)
	}
	got, want := [3]int32{traces.Load(), metrics.Load(), logs.Load()}, [3]int32{3, 1, 1}
	if got != want {
		t.Errorf("spans, metric requests, log requests = %v, want %v", got, want)
	}
}

func TestListenReceivesGzip(t *testing.T) {
	var got atomic.Int32
	s := listen(t, receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			got.Add(int32(len(r.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName())))
			return nil, nil
		},
	})
	// After decompression, the request has this size. It is more than gRPC's default limit of 4
	// MiB.
	const want = 5 << 20
	req := request(1)
	req.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].Name = strings.Repeat("x", want)
	client := coltrace.NewTraceServiceClient(dial(t, s))
	if _, err := client.Export(t.Context(), req, grpc.UseCompressor("gzip")); err != nil {
		t.Fatal(err)
	}
	if got := got.Load(); got != want {
		t.Errorf("received a name of %d bytes, want %d", got, want)
	}
}

func TestListenRefusesOtherMachines(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense"} {
		t.Run(addr, func(t *testing.T) {
			s, err := receiver.Listen(addr, receiver.Sink{})
			if err == nil {
				s.Stop()
				t.Fatal("got no error")
			}
			if got, want := err.Error(), "receiver: address \""+addr+"\""; !strings.HasPrefix(got, want) {
				t.Errorf("error %q, want prefix %q", got, want)
			}
		})
	}
}

func TestListenWithoutHost(t *testing.T) {
	s, err := receiver.Listen(":0", receiver.Sink{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil || host != "127.0.0.1" || port == "0" {
		t.Errorf("address %q (%v), want 127.0.0.1 and a port", s.Addr(), err)
	}
	if got, want := s.Endpoint(), "http://127.0.0.1:"+port; got != want {
		t.Errorf("endpoint %q, want %q", got, want)
	}
}

func TestSinkAnswers(t *testing.T) {
	partial := &coltrace.ExportTraceServiceResponse{
		PartialSuccess: &coltrace.ExportTracePartialSuccess{RejectedSpans: 2, ErrorMessage: "too old"},
	}
	for name, tt := range map[string]struct {
		sink     receiver.Sink
		code     codes.Code
		rejected int64
	}{
		"zero sink": {sink: receiver.Sink{}},
		"partial success": {
			sink: receiver.Sink{Traces: func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
				return partial, nil
			}},
			rejected: 2,
		},
		"status": {
			sink: receiver.Sink{Traces: func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
				return nil, status.Error(codes.ResourceExhausted, "slow down")
			}},
			code: codes.ResourceExhausted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := coltrace.NewTraceServiceClient(dial(t, listen(t, tt.sink)))
			resp, err := client.Export(t.Context(), request(1))
			if got := status.Code(err); got != tt.code {
				t.Errorf("code %v, want %v", got, tt.code)
			}
			if got := resp.GetPartialSuccess().GetRejectedSpans(); got != tt.rejected {
				t.Errorf("rejected %d, want %d", got, tt.rejected)
			}
		})
	}
}

func TestDrainWaitsForClients(t *testing.T) {
	s := listen(t, receiver.Sink{})
	if err := s.Drain(t.Context()); err != nil {
		t.Fatalf("without a client: %v", err)
	}
	conn := dial(t, s)
	if _, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), request(1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Drain(ctx); err == nil {
		t.Error("with a client: got no error")
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Errorf("after the client has gone: %v", err)
	}
}

func TestStopCancelsAndWaitsForSink(t *testing.T) {
	called, returned := make(chan struct{}), make(chan struct{})
	s := listen(t, receiver.Sink{
		Traces: func(ctx context.Context, _ *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			close(called)
			<-ctx.Done()
			<-time.After(50 * time.Millisecond) // if Stop did not wait, it would return during this time
			close(returned)
			return nil, ctx.Err()
		},
	})
	client := coltrace.NewTraceServiceClient(dial(t, s))
	failed := make(chan error, 1)
	go func() {
		_, err := client.Export(t.Context(), request(1))
		failed <- err
	}()
	<-called
	s.Stop()
	select {
	case <-returned:
	default:
		t.Error("Stop returned before the sink")
	}
	if got, want := status.Code(<-failed), codes.Unavailable; got != want {
		t.Errorf("code %v, want %v", got, want)
	}
	s.Stop()
}

func TestStopDoesNotWaitForSilentClients(t *testing.T) {
	s := listen(t, receiver.Sink{})
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Read(make([]byte, 1)); err != nil { // after this read, the server has accepted the connection
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Stop()
	}()
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Error("still waiting after 10 s")
	}
}

func TestListenAgainOnSameAddress(t *testing.T) {
	first := listen(t, receiver.Sink{})
	first.Stop()
	second, err := receiver.Listen(first.Addr(), receiver.Sink{})
	if err != nil {
		t.Fatal(err)
	}
	second.Stop()
}
