package kafkatrace_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace"
)

// count returns the number of headers whose key is equal to the parameter key. Differences
// between upper and lower case are ignored.
func count(fields []field, key string) int {
	n := 0
	for _, f := range fields {
		if strings.EqualFold(f.Key, key) {
			n++
		}
	}
	return n
}

func TestOneHeaderIsWritten(t *testing.T) {
	for name, tt := range map[string][]field{
		"none":        nil,
		"other":       headers("type", "created"),
		"old":         headers("traceparent", parentA, "type", "created", "tracestate", "a=1"),
		"duplicates":  headers("traceparent", parentA, "TraceParent", parentB, "type", "created", "traceparent", "x", "TRACESTATE", "a=1"),
		"nil value":   {{"traceparent", nil}, {"type", nil}},
		"other's bag": headers("baggage", "team=spor"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []propagation.TextMapPropagator{oteltest.W3C, propagation.TraceContext{}, foreign{oteltest.W3C}} {
				sdk := oteltest.New(t)
				m, own := record(tt...)
				before := slices.Clone(*own)
				_, end := kafkatrace.NewTracer(options(sdk, kafkatrace.WithPropagator(p))...).StartSend(remote(t, parentB), m)
				end(nil)
				if n := count(*own, "traceparent"); n != 1 || count(*own, "tracestate") > 0 {
					t.Errorf("%T: got %q", p, *own)
				}
				if got, want := m.Headers.Get("traceparent"), kafkatrace.Save(trace.ContextWithSpanContext(t.Context(), sdk.Only(t).SpanContext())); got != want {
					t.Errorf("%T: got %q, want %q", p, got, want)
				}
				isOurs := func(f field) bool { return strings.HasPrefix(strings.ToLower(f.Key), "trace") }
				if got, want := slices.DeleteFunc(slices.Clone(*own), isOurs), slices.DeleteFunc(before, isOurs); !slices.EqualFunc(got, want, same) {
					t.Errorf("%T: the other headers: got %q, want %q", p, got, want)
				}
			}
		})
	}
}

func same(a, b field) bool {
	return a.Key == b.Key && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil)
}

// foreign hides the type of a propagator. Package kafkatrace then cannot use the faster code
// that it has for known types.
type foreign struct{ propagation.TextMapPropagator }

func TestSharedHeadersAreNotTouched(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	shared := append(make([]field, 0, 8), headers("type", "created", "traceparent", parentA)...)
	before := slices.Clone(shared[:cap(shared)])
	written := make([][]field, 20)
	var wg sync.WaitGroup
	for i := range written {
		wg.Go(func() {
			written[i] = shared
			m := &kafkatrace.Message{Topic: "quotes", Headers: kafkatrace.Headers(&written[i])}
			_, end := tracer.StartSend(remote(t, parentB), m)
			end(nil)
		})
	}
	wg.Wait()
	if !slices.EqualFunc(shared[:cap(shared)], before, same) {
		t.Errorf("the shared slice: got %q, want %q", shared[:cap(shared)], before)
	}
	different := map[string]bool{}
	for _, own := range written {
		different[string(own[len(own)-1].Value)] = true
		if cap(own) != len(own) {
			t.Error("the new slice has free capacity")
		}
	}
	if len(different) != len(written) {
		t.Errorf("%d different headers, want %d", len(different), len(written))
	}
}

func TestLastValidHeaderWins(t *testing.T) {
	for name, tt := range map[string]struct {
		headers []field
		want    string
	}{
		"one":                   {headers("traceparent", parentA), parentA},
		"two":                   {headers("traceparent", parentA, "traceparent", parentB), parentB},
		"last invalid":          {headers("traceparent", parentA, "traceparent", "00-x"), parentA},
		"last empty":            {headers("traceparent", parentA, "traceparent", ""), parentA},
		"last nil":              {append(headers("traceparent", parentA), field{"traceparent", nil}), parentA},
		"capital":               {headers("Traceparent", parentA), parentA},
		"capital beside":        {headers("traceparent", parentA, "Traceparent", parentB), parentA},
		"capital beside bad":    {headers("traceparent", "bad", "TRACEPARENT", parentB), parentB},
		"zero":                  {headers("traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01"), ""},
		"upper case hex":        {headers("traceparent", strings.ToUpper(parentA)), ""},
		"huge":                  {headers("traceparent", strings.Repeat("0", 1<<16)), ""},
		"later version":         {headers("traceparent", "01"+parentA[2:]+"-more"), parentA},
		"trailing in version 0": {headers("traceparent", parentA+"-more"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []propagation.TextMapPropagator{oteltest.W3C, foreign{oteltest.W3C}} {
				sdk := oteltest.New(t)
				tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithPropagator(p))...)
				m, _ := record(tt.headers...)
				_, end := tracer.StartProcess(t.Context(), m)
				end(nil)
				want := tt.want
				if want != "" {
					want = want[:52]
				}
				if got := parentOf(sdk.Only(t)); got != want {
					t.Errorf("%T: got %q, want %q", p, got, want)
				}
			}
		})
	}
}

func TestChosenContextStays(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	m, own := record(headers("traceparent", parentA)...)
	for range 2 {
		_, end := tracer.StartSend(t.Context(), m)
		end(nil)
	}
	if got := string((*own)[0].Value); len(*own) != 1 || got != parentA {
		t.Errorf("headers: got %q", *own)
	}
	for _, s := range sdk.Wait(t, 2) {
		if s.SpanKind() != trace.SpanKindClient || s.Name() != "quotes publish" || parentOf(s) != parentA[:52] || len(s.Links()) != 1 {
			t.Errorf("got %s %s under %q with %v", s.SpanKind(), s.Name(), parentOf(s), s.Links())
		}
	}
}

func TestForwardedRecordIsNotChanged(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	consumed, own := record(headers("type", "created", "traceparent", parentA, "tracestate", "a=1")...)
	before := slices.Clone(*own)
	forwarded := *own
	tracer.Process(t.Context(), consumed, func(ctx context.Context) error {
		_, end := tracer.StartSend(ctx, &kafkatrace.Message{Topic: "dead", Headers: kafkatrace.Headers(&forwarded)})
		end(nil)
		return nil
	})
	if !slices.EqualFunc(*own, before, same) {
		t.Errorf("got %q, want %q", *own, before)
	}
	spans := sdk.Wait(t, 2)
	if spans[0].Parent().SpanID() != spans[1].SpanContext().SpanID() || spans[0].SpanContext().TraceID().String() != parentA[3:35] {
		t.Error("the forwarded record is not in the trace of the consumed record")
	}
	if count(forwarded, "traceparent") != 1 || count(forwarded, "tracestate") != 1 {
		t.Errorf("got %q", forwarded) // the trace state is kept, because the trace is the same
	}
}

func bag(tb testing.TB, members string) context.Context {
	tb.Helper()
	b, err := baggage.Parse(members)
	if err != nil {
		tb.Fatal(err)
	}
	return baggage.ContextWithBaggage(context.Background(), b)
}

func TestBaggage(t *testing.T) {
	long := strings.Repeat("x", 8000)
	for name, tt := range map[string]struct {
		opts           []kafkatrace.Option
		sent, received string
	}{
		"default":   {nil, "tenant=a,user=b", ""},
		"allowed":   {[]kafkatrace.Option{kafkatrace.WithBaggage(64, "tenant")}, "tenant=a,user=b", "tenant=a"},
		"too long":  {[]kafkatrace.Option{kafkatrace.WithBaggage(64, "user", "tenant")}, "tenant=a,user=" + long, "tenant=a"},
		"just fits": {[]kafkatrace.Option{kafkatrace.WithBaggage(8, "tenant", "user")}, "tenant=a,user=b", "tenant=a"},
		"both fit":  {[]kafkatrace.Option{kafkatrace.WithBaggage(15, "user", "tenant")}, "tenant=a,user=b", "tenant=a,user=b"},
		"no room":   {[]kafkatrace.Option{kafkatrace.WithBaggage(7, "tenant")}, "tenant=a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			tracer := kafkatrace.NewTracer(options(sdk, tt.opts...)...)
			m, own := record()
			_, end := tracer.StartSend(bag(t, tt.sent), m)
			end(nil)
			if has := count(*own, "baggage") == 1; has != (tt.received != "") {
				t.Errorf("headers: got %q", *own)
			}
			// This record comes from another service, which sends all its baggage.
			open, _ := record(headers("traceparent", parentA, "baggage", tt.sent)...)
			want, _ := baggage.Parse(tt.received)
			for _, m := range []*kafkatrace.Message{m, open} {
				tracer.Process(t.Context(), m, func(ctx context.Context) error {
					got := baggage.FromContext(ctx)
					for _, key := range []string{"tenant", "user"} {
						if got.Member(key).Value() != want.Member(key).Value() {
							t.Errorf("received: got %q, want %q", got, want)
						}
					}
					return nil
				})
			}
		})
	}
}

func TestBaggageOfTheLoopStays(t *testing.T) {
	sdk := oteltest.New(t)
	m, _ := record(headers("traceparent", parentA, "tracestate", "a=1", "baggage", "user=b")...)
	kafkatrace.NewTracer(options(sdk)...).Process(bag(t, "tenant=a"), m, func(ctx context.Context) error {
		if got := baggage.FromContext(ctx).String(); got != "tenant=a" {
			t.Errorf("got %q", got)
		}
		return nil
	})
}

type b3 struct{}

func (b3) Inject(ctx context.Context, c propagation.TextMapCarrier) {
	sc := trace.SpanContextFromContext(ctx)
	c.Set("b3", fmt.Sprintf("%s-%s-1", sc.TraceID(), sc.SpanID()))
}

func (b3) Extract(ctx context.Context, c propagation.TextMapCarrier) context.Context {
	parts := strings.Split(c.Get("b3"), "-")
	if len(parts) != 3 {
		return ctx
	}
	return kafkatrace.Restore(ctx, "00-"+parts[0]+"-"+parts[1]+"-01")
}

func (b3) Fields() []string { return []string{"b3"} }

func TestAnyPropagator(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithPropagator(b3{}))...)
	m, own := record(headers("B3", "old", "traceparent", parentA)...)
	_, end := tracer.StartSend(remote(t, parentB), m)
	end(nil)
	tracer.Process(t.Context(), m, nothing)
	if count(*own, "b3") != 1 || count(*own, "traceparent") != 1 {
		t.Errorf("got %q", *own)
	}
	spans := sdk.Wait(t, 2)
	if spans[1].Parent().SpanID() != spans[0].SpanContext().SpanID() {
		t.Error("not one trace")
	}
}

func TestAnyCarrier(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	for _, carrier := range []propagation.TextMapCarrier{nil, propagation.MapCarrier{}} {
		m := &kafkatrace.Message{Topic: "quotes", Headers: carrier}
		_, end := tracer.StartSend(t.Context(), m)
		end(nil)
		tracer.Process(t.Context(), m, nothing)
		spans := sdk.Wait(t, 2)
		if joined := spans[1].Parent().SpanID() == spans[0].SpanContext().SpanID(); joined != (carrier != nil) {
			t.Errorf("%T: got %t", carrier, joined)
		}
		sdk.Forget()
	}
}

func FuzzReadsAsThePropagatorDoes(f *testing.F) {
	for _, value := range []string{
		parentA, "", "00", "01" + parentA[2:] + "-x", "ff" + parentA[2:], parentA + "-", parentA + "x", "01" + parentA[2:] + "x", strings.ToUpper(parentA),
		parentA[:53] + "04", "cc" + parentA[2:53] + "ff", "00-00000000000000000000000000000000-0000000000000000-00",
	} {
		f.Add(value, "")
	}
	f.Add(parentA, "a=1")
	f.Fuzz(func(t *testing.T, value, state string) {
		c := propagation.MapCarrier{"traceparent": value, "tracestate": state}
		want := trace.SpanContextFromContext(oteltest.W3C.Extract(context.Background(), c))
		seen := &parentSampler{}
		sdk := oteltest.NewSilent(t, seen)
		m, _ := record(headers("traceparent", value, "tracestate", state)...)
		kafkatrace.NewTracer(options(sdk)...).StartProcess(context.Background(), m)
		if !seen.parent.Equal(want) {
			t.Errorf("got %v, want %v", seen.parent, want)
		}
	})
}

// parentSampler stores the parent of the last span for which ShouldSample was called.
type parentSampler struct{ parent trace.SpanContext }

func (s *parentSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.parent = trace.SpanContextFromContext(p.ParentContext)
	return sdktrace.NeverSample().ShouldSample(p)
}

func (s *parentSampler) Description() string { return "" }

func FuzzWritesAsThePropagatorDoes(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("01234567"), byte(1), "")
	f.Add([]byte("0123456789abcdef"), []byte("01234567"), byte(0xff), "a=1")
	f.Fuzz(func(t *testing.T, traceID, spanID []byte, flags byte, state string) {
		c := trace.SpanContextConfig{TraceFlags: trace.TraceFlags(flags)}
		copy(c.TraceID[:], traceID)
		copy(c.SpanID[:], spanID)
		c.TraceState, _ = trace.ParseTraceState(state)
		ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(c))
		want := propagation.MapCarrier{}
		oteltest.W3C.Inject(ctx, want)
		m, own := record()
		_, end := kafkatrace.NewTracer(kafkatrace.WithPropagator(oteltest.W3C)).StartSend(ctx, m)
		end(nil)
		if len(*own) != len(want) {
			t.Fatalf("got %q, want %q", *own, want)
		}
		for _, f := range *own {
			if string(f.Value) != want[f.Key] {
				t.Errorf("got %q, want %q", *own, want)
			}
		}
	})
}

// FuzzHeaders reads and writes records with arbitrary headers. Each line of the fuzzed text
// is a key or a value: the odd lines are keys, and the even lines are their values.
func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{
		"", "traceparent\n" + parentA, "Traceparent\n" + parentA + "\ntraceparent\n" + parentB, "traceparent\nx\ntraceparent\n" + parentA + "\ntracestate\n,,=\ntype\ncreated",
		"baggage\na=1\nbaggage\n=,;\ntracestate\na=1\ntracestate\nb=2", "\n\n\n\n", "TRACESTATE\n\xff\ntraceparent\n\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		fields := headers(lines[:len(lines)&^1]...)
		original := slices.Clone(fields)
		want := ""
		for _, fold := range []bool{true, false} { // exact keys last, because they override other keys
			for _, f := range fields {
				c := propagation.MapCarrier{"traceparent": string(f.Value)}
				sc := trace.SpanContextFromContext(oteltest.W3C.Extract(context.Background(), c))
				if (f.Key == "traceparent" || fold && asciiFold(f.Key, "traceparent")) && sc.IsValid() {
					want = sc.TraceID().String() + sc.SpanID().String()
				}
			}
		}
		for _, p := range []propagation.TextMapPropagator{oteltest.W3C, foreign{oteltest.W3C}} {
			seen := &parentSampler{}
			sdk := oteltest.NewSilent(t, seen)
			tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithPropagator(p), kafkatrace.WithBaggage(100, "a", "b"))...)
			own := fields
			m := &kafkatrace.Message{Topic: "quotes", Headers: kafkatrace.Headers(&own)}
			tracer.StartProcess(context.Background(), m)
			got := ""
			if seen.parent.IsValid() {
				got = seen.parent.TraceID().String() + seen.parent.SpanID().String()
			}
			if got != want {
				t.Errorf("%T: got %q, want %q", p, got, want)
			}
			tracer.StartSend(remote(t, parentB), m)
			n := 0
			for _, f := range own {
				if asciiFold(f.Key, "traceparent") {
					n++
				}
			}
			if n != 1 || !slices.EqualFunc(fields, original, same) {
				t.Errorf("%T: got %q of %q", p, own, fields)
			}
		}
	})
}

// asciiFold is [strings.EqualFold] for ASCII letters only.
func asciiFold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// TestFilteredWorkPassesTheCallerOn checks a record that is sent during a request that a filter
// excludes. The record has the trace context of the caller of that request.
func TestFilteredWorkPassesTheCallerOn(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	m, own := record()
	_, end := tracer.StartSend(suppress.Below(remote(t, parentA)), m)
	end(nil)
	if len(*own) != 1 || string((*own)[0].Value) != parentA || sdk.Started() > 0 {
		t.Errorf("headers %q, %d spans", *own, sdk.Started())
	}
}
