package setup_test

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/setup"
)

// FuzzDifference checks that the pipeline and OpenTelemetry's exporter send the same request
// for the same spans, also after the pipeline has compressed them. The spans are made from
// arbitrary bytes, and are rewritten in the same way for both requests.
func FuzzDifference(f *testing.F) {
	f.Add([]byte{})
	for _, text := range fuzzTexts {
		f.Add(slices.Repeat([]byte(text), 40))
	}
	for seed := range byte(64) {
		b := make([]byte, 0, 600)
		for i := range 600 {
			b = append(b, byte(i*i*int(seed+1)>>3)^seed)
		}
		f.Add(b)
	}
	f.Fuzz(checkDifference)
}

// TestDifference runs the check of FuzzDifference again and again for two seconds, each time
// with random bytes.
func TestDifference(t *testing.T) {
	seed := time.Now().UnixNano()
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline) && !t.Failed(); {
		data := make([]byte, random.IntN(3000))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		checkDifference(t, data)
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

func checkDifference(t *testing.T, data []byte) {
	t.Helper()
	spans := (&material{data}).spans()
	encoding := setup.NewEncoding()
	encoding.Request(spans) // fills the caches; the second call must return the same request
	got := &coltrace.ExportTraceServiceRequest{}
	if err := proto.Unmarshal(encoding.PackedRequest(spans), got); err != nil {
		t.Fatalf("cannot decode the request: %v", err)
	}
	want := official(t, spans)
	sortResources(got.GetResourceSpans())
	sortResources(want.GetResourceSpans())
	if !proto.Equal(got, want) {
		t.Errorf("%s", firstDifference(prototext.Format(got), prototext.Format(want)))
	}
}

// firstDifference returns the lines around the first difference between got and want. It
// ignores the spaces that prototext adds at random.
func firstDifference(got, want string) string {
	a, b := strings.Split(strings.ReplaceAll(got, ":  ", ": "), "\n"), strings.Split(strings.ReplaceAll(want, ":  ", ": "), "\n")
	i := 0
	for i < min(len(a), len(b))-1 && a[i] == b[i] {
		i++
	}
	around := func(lines []string) string { return strings.Join(lines[max(0, i-8):min(len(lines), i+4)], "\n") }
	return "got:\n" + around(a) + "\nwant:\n" + around(b)
}

// official returns the request that OpenTelemetry's exporter sends for spans. The request is
// already decoded.
func official(t *testing.T, spans []sdktrace.ReadOnlySpan) *coltrace.ExportTraceServiceRequest {
	t.Helper()
	c := &capture{}
	exporter, err := otlptrace.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := setup.Rewriting(exporter).ExportSpans(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
	bytes, err := proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: c.spans})
	if err != nil {
		t.Fatal(err)
	}
	arrived := &coltrace.ExportTraceServiceRequest{}
	if err := proto.Unmarshal(bytes, arrived); err != nil {
		t.Fatal(err)
	}
	return arrived
}

// capture is a client for OpenTelemetry's exporter. It stores the spans instead of sending them.
type capture struct{ spans []*tracepb.ResourceSpans }

func (*capture) Start(context.Context) error { return nil }
func (*capture) Stop(context.Context) error  { return nil }
func (c *capture) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	c.spans = spans
	return nil
}

// sortResources makes the order the same in every request. The exporter reads the resources from
// a map, and the order of a map is random.
func sortResources(all []*tracepb.ResourceSpans) {
	slices.SortStableFunc(all, func(a, b *tracepb.ResourceSpans) int {
		return strings.Compare(a.GetResource().String()+a.GetSchemaUrl(), b.GetResource().String()+b.GetSchemaUrl())
	})
}

// material makes spans from the bytes of the fuzzer. When no bytes are left, it continues with
// zeros.
type material struct{ data []byte }

func (m *material) byte() byte {
	if len(m.data) == 0 {
		return 0
	}
	b := m.data[0]
	m.data = m.data[1:]
	return b
}

func (m *material) below(n int) int { return int(m.byte()) % n }

func (m *material) bytes(n int) []byte {
	n = min(n, len(m.data))
	b := m.data[:n]
	m.data = m.data[n:]
	return b
}

func (m *material) uint64() uint64 {
	var b [8]byte
	copy(b[:], m.bytes(m.below(9)))
	return binary.LittleEndian.Uint64(b[:])
}

var fuzzTexts = []string{
	"", "GET", "bad\xff", "\xc3\x28", "01017012345", "010170 12345", "fnr=%3001017012345", "https://u:p@x/?access_token=hunter2&a=b",
	`{"fnr":"\u003001017012345"}`, "pkg.Service/Method", "/", "redis", "valkey", "microsoft.sql_server", "send", "orders", "127.0.0.1",
	strings.Repeat("x", 127), strings.Repeat("x", 128), strings.Repeat("æ", 9000),
}

func (m *material) text() string {
	if n := m.below(40); n < len(fuzzTexts) {
		return fuzzTexts[n]
	}
	return string(m.bytes(m.below(64)))
}

var fuzzKeys = []attribute.Key{
	"", "http.request.method", "http.response.status_code", "http.status_code", "db.system.name", "db.namespace", "db.name", "db.query.text",
	"rpc.method", "rpc.service", "rpc.system.name", "messaging.operation.type", "messaging.client.id", "server.address", "server.port",
	"service.peer.name", "peer.service", "key 01017012345", "key\xff",
}

func (m *material) attributes() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, m.below(12))
	for i := range attrs {
		attrs[i] = m.attribute(3)
	}
	return attrs
}

func (m *material) attribute(depth int) attribute.KeyValue {
	key := attribute.Key(m.text())
	if n := m.below(30); n < len(fuzzKeys) {
		key = fuzzKeys[n]
	}
	return attribute.KeyValue{Key: key, Value: m.value(depth)}
}

func (m *material) value(depth int) attribute.Value {
	n := m.below(200) // the length, if the value is a list
	if n > 5 {
		n = 1
	}
	switch m.below(13) {
	case 0:
		return attribute.Value{}
	case 1:
		return attribute.BoolValue(m.byte()&1 == 1)
	case 2:
		return attribute.Int64Value(int64(m.uint64()))
	case 3:
		return attribute.Float64Value(math.Float64frombits(m.uint64()))
	case 4:
		return attribute.BoolSliceValue(listOf(n, func() bool { return m.byte()&1 == 1 }))
	case 5:
		return attribute.Int64SliceValue(listOf(n, func() int64 { return int64(m.uint64()) }))
	case 6:
		return attribute.Float64SliceValue(listOf(n, func() float64 { return math.Float64frombits(m.uint64()) }))
	case 7:
		return attribute.StringSliceValue(listOf(n, m.text))
	case 8:
		return attribute.ByteSliceValue([]byte(m.text()))
	case 9:
		if depth > 0 {
			return attribute.SliceValue(listOf(n, func() attribute.Value { return m.value(depth - 1) })...)
		}
	case 10:
		if depth > 0 {
			return attribute.MapValue(listOf(n, func() attribute.KeyValue { return m.attribute(depth - 1) })...)
		}
	}
	return attribute.StringValue(m.text())
}

func listOf[V any](n int, next func() V) []V {
	values := make([]V, n)
	for i := range values {
		values[i] = next()
	}
	return values
}

func (m *material) context() trace.SpanContext {
	var c trace.SpanContextConfig
	copy(c.TraceID[:], m.bytes(m.below(17)))
	copy(c.SpanID[:], m.bytes(m.below(9)))
	c.TraceFlags = trace.TraceFlags(m.byte())
	c.Remote = m.byte()&1 == 1
	for range m.below(3) {
		if state, err := c.TraceState.Insert("k"+string(rune('a'+m.below(26))), m.text()); err == nil {
			c.TraceState = state
		}
	}
	return trace.NewSpanContext(c)
}

func (m *material) time() time.Time {
	if m.byte()&7 == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(m.uint64()))
}

func (m *material) dropped() int {
	switch m.below(8) {
	case 0:
		return int(m.uint64())
	case 1:
		return m.below(300)
	}
	return 0
}

func (m *material) span() sdktrace.ReadOnlySpan {
	stub := tracetest.SpanStub{
		Name: m.text(), SpanContext: m.context(), Parent: m.context(), SpanKind: trace.SpanKind(m.below(8)),
		StartTime: m.time(), EndTime: m.time(), Attributes: m.attributes(),
		DroppedAttributes: m.dropped(), DroppedEvents: m.dropped(), DroppedLinks: m.dropped(),
		Status:   sdktrace.Status{Code: codes.Code(m.below(4)), Description: m.text()},
		Resource: fuzzResources[m.below(len(fuzzResources))], InstrumentationScope: m.scope(),
	}
	for range m.below(4) {
		stub.Events = append(stub.Events, sdktrace.Event{Name: m.text(), Attributes: m.attributes(), Time: m.time(), DroppedAttributeCount: m.dropped()})
	}
	for range m.below(4) {
		stub.Links = append(stub.Links, sdktrace.Link{SpanContext: m.context(), Attributes: m.attributes(), DroppedAttributeCount: m.dropped()})
	}
	return stub.Snapshot()
}

// fuzzResources contains resources for the spans. Their texts are valid and contain nothing that
// would be masked, because Start cleans the resource before any span is made.
var fuzzResources = []*resource.Resource{
	resource.Empty(), // spans of the SDK never have a nil resource
	resource.NewSchemaless(attribute.String("service.name", "a"), attribute.StringSlice("nais.backend", []string{"x", "y"})),
	resource.NewSchemaless(attribute.String("service.name", "a"), attribute.StringSlice("nais.backend", []string{"x", "y"})),
	resource.NewWithAttributes("https://opentelemetry.io/schemas/1.43.0", attribute.String("service.name", strings.Repeat("b", 200))),
}

func (m *material) scope() instrumentation.Scope {
	var s instrumentation.Scope
	if m.below(4) > 0 {
		s.Name = m.text()
	}
	if m.below(4) == 0 {
		s.Version, s.SchemaURL = m.text(), m.text()
	}
	if m.below(4) == 0 {
		s.Attributes = attribute.NewSet(m.attributes()...)
	}
	return s
}

func (m *material) spans() []sdktrace.ReadOnlySpan {
	spans := make([]sdktrace.ReadOnlySpan, m.below(6))
	for i := range spans {
		spans[i] = m.span()
	}
	return spans
}
