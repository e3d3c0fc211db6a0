package setup_test

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/httpheader"
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
	plain := propagation.HeaderCarrier{"Traceparent": {sampledParent}}
	own := testing.AllocsPerRun(100, func() { propagation.TraceContext{}.Extract(context.Background(), plain) })
	for _, c := range []propagation.TextMapCarrier{plain, httpheader.Header(plain)} {
		if got := extract(c); got >= own {
			t.Errorf("%T with a traceparent: got %v allocations, want fewer than the %v of OpenTelemetry's propagator", c, got, own)
		}
	}
}
