package setup_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
)

// TestSwitchOver has both pipelines deliver the spans of the conformance suites.
func TestSwitchOver(t *testing.T) {
	if testing.Short() {
		t.Skip("the suites take long")
	}
	all := &some{byName: map[string]int{}}
	oteltest.Witness(t, all)
	t.Run("HTTP", func(t *testing.T) { conformance.HTTP(t, httpRouter) })
	t.Run("gRPC", func(t *testing.T) { conformance.GRPC(t, grpcRPC) })
	spans := all.spans
	if len(spans) < 300 {
		t.Fatalf("the suites made %d spans", len(spans))
	}
	got, want := deliveredBy(t, false, spans), deliveredBy(t, true, spans)
	if len(got) != len(spans) || len(want) != len(spans) {
		t.Errorf("the pipeline delivers %d spans, the official one %d, of %d", len(got), len(want), len(spans))
	}
	different := 0
	for id, span := range got {
		if !proto.Equal(span, want[id]) {
			if different++; different < 4 {
				t.Error(firstDifference(prototext.Format(span), prototext.Format(want[id])))
			}
		}
	}
	t.Logf("%d spans, %d different", len(spans), different)
}

// some keeps so many spans of each name that the suites' tests of memory do not
// mind.
type some struct {
	ended
	byName map[string]int
}

func (s *some) OnEnd(span sdktrace.ReadOnlySpan) {
	s.mu.Lock()
	s.byName[span.Name()]++
	many := s.byName[span.Name()] > 200
	s.mu.Unlock()
	if !many {
		s.ended.OnEnd(span)
	}
}

// deliveredBy returns what arrives of spans, each with its scope and resource, by
// ID.
func deliveredBy(t *testing.T, official bool, spans []sdktrace.ReadOnlySpan) map[string]*tracepb.ResourceSpans {
	t.Helper()
	arrived := map[string]*tracepb.ResourceSpans{}
	var mu sync.Mutex
	server, _ := receive(t, ":0", func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range r.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, span := range ss.GetSpans() {
					arrived[string(span.GetTraceId())+string(span.GetSpanId())] = &tracepb.ResourceSpans{
						Resource: rs.GetResource(), SchemaUrl: rs.GetSchemaUrl(),
						ScopeSpans: []*tracepb.ScopeSpans{{Scope: ss.GetScope(), SchemaUrl: ss.GetSchemaUrl(), Spans: []*tracepb.Span{span}}},
					}
				}
			}
		}
		return nil, nil
	})
	p, err := setup.Pipeline(server.Endpoint(), official)
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range spans {
		p.OnEnd(span)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	return arrived
}

var httpRouter = conformance.Router{
	Handler: func(routes []conformance.Route, opts ...httptrace.Option) http.Handler {
		mux := http.NewServeMux()
		for _, route := range routes {
			if route.Fails {
				route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
			}
			mux.Handle(route.Method+" "+route.Pattern, route.Handler)
		}
		return httptrace.Handler(mux, opts...)
	},
}

var grpcRPC = conformance.RPC{
	Server: func(opts []grpctrace.Option, more ...grpc.ServerOption) *grpc.Server {
		return grpctrace.NewServer(append(grpctrace.ServerOptions(opts...), more...)...)
	},
	Client: func(target string, opts []grpctrace.Option, more ...grpc.DialOption) (*grpc.ClientConn, error) {
		return grpctrace.NewClient(target, append(grpctrace.DialOptions(opts...), more...)...)
	},
}
