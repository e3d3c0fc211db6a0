package otlp_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup/internal/otlp"
)

// rules change keys and texts to upper case. For each attribute whose key begins with "a",
// they add an attribute whose key is the same without this letter. They panic if a text is
// "bug".
type rules struct{}

func (r rules) Attribute(a attribute.KeyValue) (own, added attribute.KeyValue) {
	a.Value = r.Value(a.Key, a.Value)
	if rest, found := strings.CutPrefix(string(a.Key), "a"); found {
		added = attribute.KeyValue{Key: attribute.Key(rest), Value: a.Value}
	}
	return a, added
}

func (rules) IsAdded(key attribute.Key) bool { return !strings.HasPrefix(string(key), "a") }

func (rules) AppendAdded(dst []attribute.KeyValue, _ sdktrace.ReadOnlySpan) []attribute.KeyValue {
	return dst
}

func (r rules) Key(key attribute.Key) string { return r.Text(string(key)) }

func (rules) Text(text string) string {
	if text == bug {
		panic(bug)
	}
	return strings.ToUpper(text)
}

func (r rules) Value(_ attribute.Key, v attribute.Value) attribute.Value {
	if v.Type() == attribute.STRING {
		return attribute.StringValue(r.Text(v.AsString()))
	}
	return v
}
func (rules) Completes(instrumentation.Scope) bool                   { return false }
func (rules) Complete(s sdktrace.ReadOnlySpan) sdktrace.ReadOnlySpan { return s }
func (rules) TraceState(s trace.TraceState) trace.TraceState         { return s }
func (rules) Scope(s instrumentation.Scope) instrumentation.Scope    { return s }

const bug = "bug"

func spanOf(name string, attributes ...attribute.KeyValue) sdktrace.ReadOnlySpan {
	return tracetest.SpanStub{Name: name, Attributes: attributes}.Snapshot()
}

// TestAttributeCacheChangesNothing checks that an encoder with cached attributes writes the
// same bytes as a new encoder.
func TestAttributeCacheChangesNothing(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	text := func() string { // returns five texts again and again, and each other text only once
		if random.IntN(3) > 0 {
			return fmt.Sprint("value ", random.IntN(5))
		}
		return strconv.Itoa(random.Int()) + strings.Repeat("x", random.IntN(200))
	}
	used := otlp.NewCommon(rules{}).NewEncoder()
	for range 20_000 {
		var attributes []attribute.KeyValue
		for range random.IntN(8) {
			key := attribute.Key([]string{"a.b", ".b", "c", "", "ad", "a.b.c.d.e.f"}[random.IntN(6)])
			value := attribute.StringValue(text())
			switch random.IntN(4) {
			case 0:
				value = attribute.Int64Value(int64(random.IntN(3)))
			case 1:
				value = attribute.BoolValue(true)
			}
			attributes = append(attributes, attribute.KeyValue{Key: key, Value: value})
		}
		if random.IntN(4) == 0 {
			attributes = append(attributes, attribute.String(fmt.Sprint("k", random.IntN(300)), bug))
		}
		span := spanOf(text(), attributes...)
		got, want := encode(used, span), encode(otlp.NewCommon(rules{}).NewEncoder(), span)
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d: got %q, want %q, for %v", seed, got, want, attributes)
		}
	}
}

func TestAttributesOfTheProgramAreNotAddedAgain(t *testing.T) {
	for _, attributes := range [][]attribute.KeyValue{
		{attribute.String("ab", "x"), attribute.String("b", "y"), attribute.String("ac", "z")},
		{attribute.String("b", "y"), attribute.String("ab", "x"), attribute.String("ac", "z")},
	} {
		got := encode(otlp.NewCommon(rules{}).NewEncoder(), spanOf("x", attributes...))
		for key, want := range map[string]int{"\x01B\x12": 1, "\x01C\x12": 1, "\x02AB\x12": 1} {
			if n := bytes.Count(got, []byte(key)); n != want {
				t.Errorf("%q: got %d, want %d, in %q", key, n, want, got)
			}
		}
	}
}

// TestAttributeCacheDistinguishesAttributes checks that the cache does not confuse
// different things: a span name and an attribute without a key, or two attributes with
// different types. It also checks that, after a panic, the cache does not return an
// incomplete entry.
func TestAttributeCacheDistinguishesAttributes(t *testing.T) {
	e := otlp.NewCommon(rules{}).NewEncoder()
	for _, span := range []sdktrace.ReadOnlySpan{
		spanOf("x"),
		spanOf("y", attribute.String("", "x")),
		spanOf(bug), spanOf(bug),
		spanOf("z", attribute.String("k", bug)), spanOf("z", attribute.String("k", bug)),
		spanOf("z", attribute.String(bug, "v")), spanOf("z", attribute.String(bug, "v")),
		spanOf("z", attribute.Int64("k", 0), attribute.String("k", "")),
		spanOf("z", attribute.String("k", ""), attribute.Int64("k", 0)),
	} {
		got, want := encode(e, span), encode(otlp.NewCommon(rules{}).NewEncoder(), span)
		if !bytes.Equal(got, want) {
			t.Errorf("%s %v: got %q, want %q", span.Name(), span.Attributes(), got, want)
		}
	}
}

// encode returns the encoded span, or nil if the encoder panics.
func encode(e *otlp.Encoder, span sdktrace.ReadOnlySpan) (b []byte) {
	defer func() { _ = recover() }()
	b, _ = e.AppendSpan(nil, span)
	return b
}
