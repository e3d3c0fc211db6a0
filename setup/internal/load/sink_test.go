package load_test

import (
	"net"
	"slices"
	"sync"
	"testing"

	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
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
	s.server = grpc.NewServer(grpc.ForceServerCodecV2(raw{}), grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(s.take))
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
	fields(request, 1, func(resource []byte) {
		fields(resource, 2, func(scope []byte) {
			fields(scope, 2, func(span []byte) {
				s.spans++
				if s.keeps {
					s.numbers = append(s.numbers, numberOf(span))
				}
			})
		})
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

func numberOf(span []byte) (number int) {
	fields(span, 9, func(attribute []byte) {
		fields(attribute, 1, func(key []byte) {
			if string(key) == "number" {
				fields(attribute, 2, func(value []byte) {
					n, _ := protowire.ConsumeVarint(value[1:])
					number = int(n)
				})
			}
		})
	})
	return number
}

// The function fields calls the function do with the content of each field in b that has
// the field number in the parameter number. It ignores fields of other wire types than
// bytes.
func fields(b []byte, number protowire.Number, do func([]byte)) {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return
		}
		b = b[size:]
		if n == number && kind == protowire.BytesType {
			value, size := protowire.ConsumeBytes(b)
			if size < 0 {
				return
			}
			do(value)
			b = b[size:]
			continue
		}
		if size = protowire.ConsumeFieldValue(n, kind, b); size < 0 {
			return
		}
		b = b[size:]
	}
}

type raw struct{}

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
func (raw) Name() string { return "proto" }
