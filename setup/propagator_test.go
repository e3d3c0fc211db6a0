package setup_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/httpheader"
	"github.com/nais/spor/kafkatrace"
)

func TestPropagatorsOfTheVariable(t *testing.T) {
	for _, tt := range []struct {
		value          string
		trace, baggage bool
		bad            string
	}{
		{"", true, true, ""},
		{"tracecontext, baggage", true, true, ""},
		{"TraceContext,BAGGAGE,baggage", true, true, ""},
		{"baggage", false, true, ""},
		{"none", false, false, ""},
		{"b3,tracecontext", true, false, `"b3"`},
		{"b3,xray", true, true, `"xray"`},
		{"none,baggage", false, true, "none"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			environment(t, "OTEL_PROPAGATORS", tt.value)
			logLines(t)
			_, err := start(t)
			if tt.bad != "" {
				mustName(t, err, "OTEL_PROPAGATORS", tt.bad)
			} else if err != nil {
				t.Errorf("error: got %v, want none", err)
			}
			member, _ := baggage.NewMember("team", "spor")
			bag, _ := baggage.New(member)
			header := http.Header{}
			otel.GetTextMapPropagator().Inject(baggage.ContextWithBaggage(remote(sampledParent), bag), propagation.HeaderCarrier(header))
			if got := header.Get("traceparent") == sampledParent; got != tt.trace {
				t.Errorf("traceparent: got %q", header.Get("traceparent"))
			}
			if got := header.Get("baggage") == "team=spor"; got != tt.baggage {
				t.Errorf("baggage: got %q", header.Get("baggage"))
			}
			ctx := otel.GetTextMapPropagator().Extract(context.Background(), propagation.HeaderCarrier(header))
			if got := trace.SpanContextFromContext(ctx).IsValid(); got != tt.trace {
				t.Errorf("extracted trace: got %t, want %t", got, tt.trace)
			}
			if got := baggage.FromContext(ctx).Member("team").Value() == "spor"; got != tt.baggage {
				t.Errorf("extracted baggage: got %t, want %t", got, tt.baggage)
			}
		})
	}
}

// valuesCarrier implements propagation.ValuesGetter. The propagator has no special code for
// this type of carrier.
type valuesCarrier struct{ propagation.HeaderCarrier }

// members returns a tracestate with n members.
func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("a%d=%d", i, i)
	}
	return strings.Join(list, ",")
}

func TestTraceContextHeaders(t *testing.T) {
	environment(t)
	logLines(t)
	mustStart(t)
	other := "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, tt := range []struct {
		name   string
		header http.Header
		valid  bool
		state  string
	}{
		{"plain", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"a=1,b=2"}}, true, "a=1,b=2"},
		{"two traceparents", http.Header{"Traceparent": {sampledParent, other}}, false, ""},
		{"same traceparent twice", http.Header{"Traceparent": {sampledParent, sampledParent}}, false, ""},
		{"tracestate in two lines", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"a=1", "b=2"}}, true, "a=1,b=2"},
		{"tracestate with space", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"a=1 \t, b=2 "}}, true, "a=1,b=2"},
		{"empty members", http.Header{"Traceparent": {sampledParent}, "Tracestate": {",a=1,,b=2,"}}, true, "a=1,b=2"},
		{"empty line", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"", "a=1"}}, true, "a=1"},
		{"duplicate key", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"a=1,b=2,a=3"}}, true, "a=1,b=2"},
		{"duplicate key and commas", http.Header{"Traceparent": {sampledParent}, "Tracestate": {",a=1,a=1,b=2,"}}, true, "a=1,b=2"},
		{"duplicate key in two lines", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"a=1,b=2", "c=3,a=4"}}, true, "a=1,b=2,c=3"},
		{"32 members", http.Header{"Traceparent": {sampledParent}, "Tracestate": {members(32)}}, true, members(32)},
		{"33 members", http.Header{"Traceparent": {sampledParent}, "Tracestate": {members(33)}}, true, ""},
		{"33 members in two lines", http.Header{"Traceparent": {sampledParent}, "Tracestate": {members(32), "b=1"}}, true, ""},
		{"bad tracestate", http.Header{"Traceparent": {sampledParent}, "Tracestate": {"A B C"}}, true, ""},
		{"none", http.Header{}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, carrier := range []propagation.TextMapCarrier{propagation.HeaderCarrier(tt.header), valuesCarrier{propagation.HeaderCarrier(tt.header)}} {
				ctx := otel.GetTextMapPropagator().Extract(context.Background(), carrier)
				sc := trace.SpanContextFromContext(ctx)
				if got := sc.IsValid(); got != tt.valid {
					t.Errorf("%T: valid: got %t, want %t", carrier, got, tt.valid)
				}
				if got := sc.TraceState().String(); got != tt.state {
					t.Errorf("%T: tracestate: got %q, want %q", carrier, got, tt.state)
				}
			}
		})
	}
}

func TestPropagatorTakesAnyCarrier(t *testing.T) {
	environment(t)
	logLines(t)
	mustStart(t)
	p := otel.GetTextMapPropagator()
	ctx := p.Extract(context.Background(), mapCarrier{"traceparent": sampledParent, "tracestate": "a=1, b=2"})
	if got, want := trace.SpanContextFromContext(ctx).TraceState().String(), "a=1,b=2"; got != want {
		t.Errorf("tracestate: got %q, want %q", got, want)
	}
	if got := trace.SpanContextFromContext(p.Extract(context.Background(), nil)); got.IsValid() {
		t.Errorf("nil carrier: got %v", got)
	}
}

// TestDuplicateKeysInMessagesAndCalls checks that Kafka records and gRPC calls follow the same
// rule for duplicate keys as HTTP requests.
func TestDuplicateKeysInMessagesAndCalls(t *testing.T) {
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", listen(t, ":0").Endpoint())
	logLines(t)
	mustStart(t)
	const state, want = "a=1,b=2,a=3", "a=1,b=2"
	headers := []header{{"traceparent", []byte(sampledParent)}, {"tracestate", []byte(state)}}
	ctx, end := kafkatrace.NewTracer().StartProcess(t.Context(), &kafkatrace.Message{Topic: "orders", Headers: kafkatrace.Headers(&headers)})
	end(nil)
	if got := trace.SpanContextFromContext(ctx).TraceState().String(); got != want {
		t.Errorf("record: got the tracestate %q, want %q", got, want)
	}
	if got := calledWith(t, "traceparent", sampledParent, "tracestate", "a=1", "tracestate", "b=2,a=3"); got != want {
		t.Errorf("call: got the tracestate %q, want %q", got, want)
	}
}

// calledWith calls a traced gRPC server with the metadata in pairs. It returns the tracestate of
// the server span.
func calledWith(t *testing.T, pairs ...string) string {
	t.Helper()
	states := make(chan string, 1)
	server := grpctrace.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		states <- trace.SpanContextFromContext(s.Context()).TraceState().String()
		return nil
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	client, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
	err = client.Invoke(ctx, "/shop.Orders/Get", &emptypb.Empty{}, &emptypb.Empty{}) // there is no answer
	select {
	case state := <-states:
		return state
	default:
		t.Fatalf("the call did not reach the server: %v", err)
		return ""
	}
}

func TestExtractFromHeadersAllocatesForTheSpanAlone(t *testing.T) {
	environment(t)
	logLines(t)
	mustStart(t)
	p := otel.GetTextMapPropagator()
	extract := func(carrier propagation.TextMapCarrier) float64 {
		return testing.AllocsPerRun(100, func() { p.Extract(context.Background(), carrier) })
	}
	if got := extract(propagation.HeaderCarrier{"Accept": {"*/*"}}); got != 0 {
		t.Errorf("without headers: got %v allocations, want 0", got)
	}
	for _, plain := range []propagation.HeaderCarrier{
		{"Traceparent": {sampledParent}},
		{"Traceparent": {sampledParent}, "Tracestate": {"a=1,b=2,c=3"}},
	} {
		own := testing.AllocsPerRun(100, func() { propagation.TraceContext{}.Extract(context.Background(), plain) })
		for _, c := range []propagation.TextMapCarrier{plain, httpheader.Header(plain)} {
			if got := extract(c); got >= own {
				t.Errorf("%T %v: got %v allocations, want fewer than the %v of OpenTelemetry's propagator", c, c, got, own)
			}
		}
	}
}
