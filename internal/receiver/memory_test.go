package receiver_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/receiver"
)

// TestMain runs the tests. In a child process, it runs a receiver instead. A receiver in its
// own process has its own heap, so the heap of the tests is not counted.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD") != "receiver" {
		os.Exit(m.Run())
	}
	s, err := receiver.Listen(":0", receiver.Sink{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	web := httptest.NewServer(s.HTTP())
	fmt.Println(s.Addr(), web.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
	web.Close()
	s.Stop()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println(stats.HeapSys + stats.StackSys) // the maximum sizes since the process started
}

// heapLimit is the maximum heap of a receiver for any input.
const heapLimit = 256 << 20

// The function within puts body into nested protobuf messages and returns the result. The
// argument fields contains the field numbers. The first number is for the outermost message.
func within(body []byte, fields ...protowire.Number) []byte {
	for _, field := range slices.Backward(fields) {
		body = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), body)
	}
	return body
}

// The function repeated repeats one encoded field. The result has at most size bytes.
func repeated(size int, field []byte) []byte { return bytes.Repeat(field, size/len(field)) }

const (
	traceMethod   = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	metricsMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
	logsMethod    = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
)

func TestReceiverBoundsItsMemory(t *testing.T) {
	const size = 2 << 20
	empty := func(n protowire.Number) []byte { return within(nil, n) }
	// These are field numbers of OTLP: 1 is ResourceSpans, 2 in ResourceSpans is ScopeSpans, 2
	// in ScopeSpans is Span, and so on.
	withID := within(append(within(bytes.Repeat([]byte{1}, 16), 1), within(bytes.Repeat([]byte{2}, 8), 2)...), 2)
	for name, tt := range map[string]struct {
		method string
		fill   []byte             // an encoded field, which is repeated
		in     []protowire.Number // the fields that contain fill; the first one is the outermost
		size   int                // 0 means the constant with the name size
	}{
		"spans":               {traceMethod, empty(2), []protowire.Number{1, 2}, 8 << 20},
		"spans with IDs":      {traceMethod, withID, []protowire.Number{1, 2}, 0},
		"resources":           {traceMethod, empty(1), []protowire.Number{}, 0},
		"scopes":              {traceMethod, empty(2), []protowire.Number{1}, 0},
		"attributes":          {traceMethod, empty(9), []protowire.Number{1, 2, 2}, 0},
		"empty values":        {traceMethod, within(empty(2), 9), []protowire.Number{1, 2, 2}, 0},
		"events":              {traceMethod, empty(11), []protowire.Number{1, 2, 2}, 0},
		"links":               {traceMethod, empty(13), []protowire.Number{1, 2, 2}, 0},
		"values of a list":    {traceMethod, empty(1), []protowire.Number{1, 2, 2, 9, 2, 5}, 0},
		"strings of a list":   {traceMethod, within(empty(1), 1), []protowire.Number{1, 2, 2, 9, 2, 5}, 0},
		"fields of a map":     {traceMethod, empty(1), []protowire.Number{1, 2, 2, 9, 2, 6}, 0},
		"unknown fields":      {traceMethod, empty(1000), []protowire.Number{}, 0},
		"more than is taken":  {traceMethod, empty(2), []protowire.Number{1, 2}, 20 << 20},
		"one long name":       {traceMethod, []byte{0}, []protowire.Number{1, 2, 2, 5}, 20 << 20},
		"metrics":             {metricsMethod, empty(2), []protowire.Number{1, 2}, 0},
		"points":              {metricsMethod, empty(1), []protowire.Number{1, 2, 2, 5}, 0},
		"exponential buckets": {metricsMethod, []byte{0}, []protowire.Number{1, 2, 2, 10, 1, 8, 2}, 0},
		"exemplars":           {metricsMethod, empty(5), []protowire.Number{1, 2, 2, 5, 1}, 0},
		"quantiles":           {metricsMethod, empty(6), []protowire.Number{1, 2, 2, 11, 1}, 0},
		"log records":         {logsMethod, empty(2), []protowire.Number{1, 2}, 0},
		"names of entities":   {logsMethod, empty(3), []protowire.Number{1, 1, 3}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !slices.Contains([]string{"spans", "empty values", "strings of a list", "exponential buckets", "unknown fields", "one long name"}, name) {
				t.Skip("in short mode, one test of each kind is enough")
			}
			addr, _, end := startReceiver(t)
			var all sync.WaitGroup
			for _, part := range []int{1, 16} { // the receiver accepts the smaller requests
				bomb := gzipped(t, within(repeated(cmp.Or(tt.size, size)/part, tt.fill), tt.in...))
				conn := dialAddr(t, addr, precompressed)
				for range 3 {
					all.Go(func() { _ = send(t.Context(), conn, tt.method, bomb) })
				}
			}
			all.Wait()
			// The receiver must still accept requests.
			if _, err := coltrace.NewTraceServiceClient(dialAddr(t, addr)).Export(t.Context(), request(1)); err != nil {
				t.Error(err)
			}
			if got := end(); got > heapLimit {
				t.Errorf("got a heap of %d MiB, want %d at most", got>>20, heapLimit>>20)
			} else {
				t.Logf("a heap of %d MiB", got>>20)
			}
		})
	}
}

// The function honest returns a request with the given number of spans. The spans are like the
// spans of real programs.
func honest(spans int) *coltrace.ExportTraceServiceRequest {
	text := func(key, value string) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
	}
	number := func(key string, value int64) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
	}
	scope := &tracepb.ScopeSpans{}
	for i := range spans {
		id := []byte(fmt.Sprintf("%08d", i))
		scope.Spans = append(scope.Spans, &tracepb.Span{
			TraceId: append(id, id...), SpanId: id, ParentSpanId: id, Name: "GET /quotes/{id}", Kind: tracepb.Span_SPAN_KIND_SERVER,
			StartTimeUnixNano: 1e18, EndTimeUnixNano: 1e18 + 1e6, Flags: 257,
			Attributes: []*commonpb.KeyValue{
				text("http.request.method", "GET"), text("url.scheme", "http"), text("server.address", "quotes.team"), text("url.path", "/quotes/"+string(id)),
				text("http.route", "/quotes/{id}"), text("user_agent.original", "Go-http-client/1.1"), number("server.port", 8080), number("http.response.status_code", 200),
			},
		})
	}
	resource := &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", "quotes")}}
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{Resource: resource, ScopeSpans: []*tracepb.ScopeSpans{scope}}}}
}

func TestReceiverTakesLargeRequests(t *testing.T) {
	req := honest(26_000)
	if size := proto.Size(req); size < 8<<20 {
		t.Fatalf("the request has %d bytes, want at least 8 MiB, twice the limit of a collector", size)
	}
	var spans sync.Map
	s := listen(t, receiver.Sink{Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		spans.Store(r, len(r.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()))
		return nil, nil
	}})
	body, err := proto.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	zipped, plain, packed := gzipped(t, body), dialAddr(t, s.Addr()), dialAddr(t, s.Addr(), precompressed)
	var all sync.WaitGroup
	for _, export := range []func() error{
		func() error { return send(t.Context(), plain, traceMethod, body) },
		func() error { return send(t.Context(), packed, traceMethod, zipped) },
	} {
		all.Go(func() {
			if err := export(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	taken := 0
	spans.Range(func(_, n any) bool { taken += n.(int); return true })
	if want := 2 * 26_000; taken != want {
		t.Errorf("got %d spans, want %d", taken, want)
	}
}

func TestReceiverRefusesWhatIsTooLarge(t *testing.T) {
	s := listen(t, receiver.Sink{})
	plain, packed := dialAddr(t, s.Addr()), dialAddr(t, s.Addr(), precompressed)
	for name, tt := range map[string]struct {
		body []byte
		want codes.Code
	}{
		"unpacked": {make([]byte, 17<<20), codes.ResourceExhausted},
		"decoded":  {within(repeated(8<<20, within(nil, 2)), 1, 2), codes.ResourceExhausted},
		"cut off":  {within(make([]byte, 100), 1)[:50], codes.Internal},
		"endless":  {bytes.Repeat([]byte{0xff}, 20), codes.Internal},
		"well":     {within(repeated(1000, within(nil, 2)), 1, 2), codes.OK},
		"nothing":  {nil, codes.OK},
	} {
		for _, pack := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s packed=%v", name, pack), func(t *testing.T) {
				conn, body := plain, tt.body
				if pack {
					conn, body = packed, gzipped(t, body)
				}
				if got := status.Code(send(t.Context(), conn, traceMethod, body)); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		}
	}
	if got := status.Code(send(t.Context(), packed, traceMethod, []byte("\x1f\x8bno gzip"))); got != codes.Internal {
		t.Errorf("data that is not gzip: got %v, want %v", got, codes.Internal)
	}
}

// startReceiver starts a receiver in a child process and returns its address for gRPC and its URL
// for HTTP. The function end stops the receiver and returns the maximum size of its heap in bytes.
func startReceiver(t *testing.T) (addr, web string, end func() (heap int64)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CHILD=receiver", "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	addr, web, _ = strings.Cut(lines.Text(), " ")
	return addr, web, func() int64 {
		t.Helper()
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		lines.Scan()
		heap, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		return heap
	}
}

func dialAddr(t *testing.T, addr string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawCodec) Unmarshal(mem.BufferSlice, any) error { return nil }

func send(ctx context.Context, conn *grpc.ClientConn, method string, body []byte) error {
	return conn.Invoke(ctx, method, body, nil, grpc.ForceCodecV2(rawCodec{}))
}

// precompressed is an option for a client whose requests are already gzipped.
var precompressed = grpc.WithCompressor(alreadyPacked{}) //nolint:staticcheck // the alternative is process-wide

type alreadyPacked struct{}

func (alreadyPacked) Do(w io.Writer, p []byte) error { _, err := w.Write(p); return err }
func (alreadyPacked) Type() string                   { return "gzip" }
