package load_test

import (
	"net"
	"slices"
	"sync"
	"testing"

	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/hostile"
)

// sink is a collector that counts spans. It can also read the attribute "number" of each
// span, but it reads nothing else, unless decodes is true. It must use little CPU time,
// because it shares the CPUs with the measured program.
type sink struct {
	server  *grpc.Server
	addr    string
	decodes bool // decode all spans, as a real collector does

	mu    sync.Mutex
	spans int
	// If the field keeps is true, the field numbers contains the values of the attribute
	// "number" of all spans.
	keeps   bool
	numbers []int
}

func newSink(tb testing.TB) *sink {
	tb.Helper()
	s := &sink{addr: "127.0.0.1:0"}
	s.listen(tb)
	return s
}

// listen starts the sink. If the sink was stopped, listen starts it again.
func (s *sink) listen(tb testing.TB) {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", s.addr)
	if err != nil {
		tb.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.server = grpc.NewServer(grpc.ForceServerCodecV2(hostile.Raw{}), grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(s.take))
	go s.server.Serve(l)
	tb.Cleanup(s.server.Stop)
}

func (s *sink) endpoint() string { return "http://" + s.addr }

func (s *sink) take(_ any, stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	if s.decodes {
		if err := proto.Unmarshal(request, new(collectortrace.ExportTraceServiceRequest)); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hostile.EachSpan(request, func(span []byte) {
		s.spans++
		if s.keeps {
			s.numbers = append(s.numbers, hostile.Number(span))
		}
	})
	return stream.SendMsg(&[]byte{})
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spans
}

// received returns the values of the attribute "number" of all spans, in ascending order.
func (s *sink) received() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers := slices.Clone(s.numbers)
	slices.Sort(numbers)
	return numbers
}
