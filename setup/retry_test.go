package setup_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// TestRefusalsCostFewRequests checks how many requests an exporter sends if the collector
// refuses every request permanently. Usually the exporter sends a batch only once. The
// exception is the code InvalidArgument, because a single item may have caused this error.
// After this code, the exporter searches for a refused item, with at most as many requests as
// one binary search needs.
func TestRefusalsCostFewRequests(t *testing.T) {
	const items, search = 512, 21
	for _, tt := range []struct {
		err  error
		most int64
	}{
		{status.Error(grpccodes.Internal, "no"), 1},
		{status.Error(grpccodes.Unknown, "no"), 1},
		{status.Error(grpccodes.ResourceExhausted, "no"), 1},
		{status.Error(grpccodes.InvalidArgument, "no"), search},
	} {
		for _, signal := range exportedSignals {
			t.Run(signal+"/"+status.Code(tt.err).String(), func(t *testing.T) {
				c := &rawCollector{err: tt.err}
				_ = exportAll(t, c.listen(t), signal, items) // the error only reports the lost items
				if got := c.requests.Load(); got < 1 || got > tt.most {
					t.Errorf("requests: got %d, want 1 to %d", got, tt.most)
				}
			})
		}
	}
}

// TestResponseThatCannotBeRead checks that an export succeeds if the response cannot be
// decoded. The collector has accepted the request, so it must not be sent again.
func TestResponseThatCannotBeRead(t *testing.T) {
	const items = 512
	for name, response := range map[string][]byte{"garbage": {0xFF}, "too large": make([]byte, 5<<20)} {
		for _, signal := range exportedSignals {
			t.Run(signal+"/"+name, func(t *testing.T) {
				c := &rawCollector{response: response}
				if err := exportAll(t, c.listen(t), signal, items); err != nil {
					t.Error(err)
				}
				if got := c.requests.Load(); got != 1 {
					t.Errorf("requests: got %d, want 1", got)
				}
			})
		}
	}
}

var exportedSignals = []string{"traces", "logs", "metrics"}

// exportAll exports the given number of items of one signal. It exports no other signal. It
// returns the error of shutdown.
func exportAll(t *testing.T, endpoint, signal string, items int) error {
	t.Helper()
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint,
		"OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "none",
		"OTEL_BSP_SCHEDULE_DELAY", "60000", "OTEL_BLRP_SCHEDULE_DELAY", "60000")
	t.Setenv("OTEL_"+strings.ToUpper(signal)+"_EXPORTER", "otlp")
	logLines(t)
	shutdown := mustStart(t)
	endSpans(items)
	logger := otel.GetLoggerProvider().Logger("test")
	for range items {
		logger.Emit(t.Context(), log.Record{})
	}
	return shutdown(t.Context())
}

// rawCollector is a collector for all signals. If err is not nil, it answers each request with
// err. Otherwise it answers with the bytes of response, which may be invalid.
type rawCollector struct {
	encoding.CodecV2 // provides the method Name
	err              error
	response         []byte
	requests         atomic.Int64
}

func (c *rawCollector) Marshal(any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(c.response)}, nil
}
func (*rawCollector) Unmarshal(mem.BufferSlice, any) error { return nil }

func (c *rawCollector) listen(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.CodecV2 = encoding.GetCodecV2("proto")
	server := grpc.NewServer(grpc.ForceServerCodecV2(c), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(nil); err != nil {
			return err
		}
		c.requests.Add(1)
		if c.err != nil {
			return c.err
		}
		return stream.SendMsg(struct{}{}) // for nil, gRPC would not call Marshal
	}))
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return "http://" + l.Addr().String()
}
