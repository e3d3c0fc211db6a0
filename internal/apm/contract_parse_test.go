package apm_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/stock"
)

// A contract is a recording in the form of testdata/contract/README.md, and its verdicts.
type contract struct {
	name         string
	lines        []string // the lines of the recording
	groups       map[string]string
	expectations []*expectation
}

func parseContracts(t *testing.T, text string) []*contract {
	t.Helper()
	var all []*contract
	groups := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case word == "==":
			all = append(all, &contract{name: rest, groups: groups})
		case word == "let":
			name, attrs, _ := strings.Cut(rest, " ")
			groups["@"+name] = attrs
		default:
			all[len(all)-1].parse(t, line, word, rest)
		}
	}
	return all
}

func (c *contract) parse(t *testing.T, line, word, rest string) {
	t.Helper()
	if under, isExpectation := strings.CutSuffix(word, ":"); isExpectation {
		if rest == "" {
			rest = "app"
		}
		c.expectations = append(c.expectations, &expectation{
			under: under, service: rest, states: map[string]apm.State{}, texts: map[string][]string{},
		})
		return
	}
	if len(c.expectations) == 0 {
		c.lines = append(c.lines, line)
		return
	}
	e := c.expectations[len(c.expectations)-1]
	switch word {
	case "lit", "unused":
		state := map[string]apm.State{"lit": apm.Lit, "unused": apm.NotUsed}[word]
		for code := range strings.FieldsSeq(rest) {
			e.state(t, code, state)
		}
	case "dark":
		code, texts, _ := strings.Cut(rest, " ")
		e.state(t, code, apm.Dark)
		e.text(code, texts)
	case "says":
		code, texts, _ := strings.Cut(rest, " ")
		e.text(code, texts)
	case "found":
		e.findings = append(e.findings, rest)
	default:
		t.Fatalf("%s: unknown line %q", c.name, line)
	}
}

func (e *expectation) state(t *testing.T, code string, state apm.State) {
	t.Helper()
	if _, twice := e.states[code]; twice || !slices.Contains(codes, code) {
		t.Errorf("the panel %q is unknown or has two verdicts", code)
	}
	e.states[code] = state
}

func (e *expectation) text(code, texts string) {
	for part := range strings.SplitSeq(texts, " | ") {
		e.texts[code] = append(e.texts[code], strings.TrimSpace(part))
	}
}

// A builder makes OTLP requests from the lines of a recording.
type builder struct {
	contract *contract
	setup    bool
	resource *resourcepb.Resource
	scope    string
	traces   map[string]string // the number of the trace, by the number of the span
	all      []recording.Request
	n        uint64 // the number of spans
	complete stock.Completer
}

func (c *contract) requests(t *testing.T, setup bool) []recording.Request {
	t.Helper()
	b := &builder{contract: c, setup: setup, resource: resourceNamed("app"), traces: map[string]string{}}
	for _, line := range c.lines {
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		switch word {
		case "service":
			b.service(t, rest)
		case "scope":
			b.scope = scopeNamed(rest)
		case "span":
			b.span(t, rest)
		case "metric":
			b.metric(t, rest)
		case "runtime":
			for _, m := range goCard() {
				b.add(m)
			}
		case "log":
			b.log(rest)
		case recording.Stdout, recording.Stderr:
			b.line(word, rest)
		case "record":
			b.record(t, rest)
		default:
			t.Fatalf("%s: unknown line %q", c.name, line)
		}
	}
	return b.all
}

// service sets the resource. A key with "-" before it is removed from the resource.
func (b *builder) service(t *testing.T, rest string) {
	t.Helper()
	name, attrs, _ := strings.Cut(rest, " ")
	b.resource = resourceNamed(name)
	for word := range strings.FieldsSeq(attrs) {
		if key, removed := strings.CutPrefix(word, "-"); removed {
			b.resource.Attributes = slices.DeleteFunc(b.resource.GetAttributes(), func(a *commonpb.KeyValue) bool { return a.GetKey() == key })
			continue
		}
		b.resource.Attributes = append(b.resource.Attributes, attributes(b.attrs(t, word)...)...)
	}
}

func scopeNamed(name string) string {
	for _, path := range []string{
		"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
		"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin",
		"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho",
		"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
		"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws",
		"go.opentelemetry.io/contrib/instrumentation/github.com/IBM/sarama/otelsarama",
		"connectrpc.com/otelconnect", "github.com/riandyrn/otelchi", "github.com/XSAM/otelsql", "github.com/exaring/otelpgx",
		"github.com/redis/go-redis/extra/redisotel", "github.com/twmb/franz-go/plugin/kotel",
		"github.com/nais/spor/httptrace", "github.com/nais/spor/grpctrace", "github.com/nais/spor/sqltrace",
		"github.com/nais/spor/sqltrace/pgxtrace", "github.com/nais/spor/kafkatrace",
	} {
		if strings.HasSuffix(path, "/"+name) {
			return path
		}
	}
	return name
}

var kinds = map[string]trace.SpanKind{
	"server": trace.SpanKindServer, "client": trace.SpanKindClient, "producer": trace.SpanKindProducer,
	"consumer": trace.SpanKindConsumer, "internal": trace.SpanKindInternal,
}

// A completable is a span in the form that package stock reads.
type completable struct {
	name  string
	kind  trace.SpanKind
	attrs []attribute.KeyValue
}

func (c completable) Name() string                     { return c.name }
func (c completable) SpanKind() trace.SpanKind         { return c.kind }
func (c completable) Attributes() []attribute.KeyValue { return c.attrs }

func (b *builder) span(t *testing.T, rest string) {
	t.Helper()
	head, text, _ := strings.Cut(rest+" ", " | ")
	ids, head, _ := strings.Cut(head, " ")
	kind, name, _ := strings.Cut(head, " ")
	if unquoted, err := strconv.Unquote(name); err == nil {
		name = unquoted
	}
	if _, known := kinds[kind]; !known {
		t.Fatalf("%s: unknown kind %q", b.contract.name, kind)
	}
	s := &tracepb.Span{Kind: tracepb.Span_SpanKind(kinds[kind])}
	b.identify(s, ids)
	own := completable{name: name, kind: kinds[kind]}
	pairs := b.attrs(t, text)
	for i := 0; i+1 < len(pairs); i += 2 {
		b.attribute(s, &own, pairs[i].(string), pairs[i+1])
	}
	if b.setup {
		completed, added := b.complete.Complete(b.scope, own)
		own.name, own.attrs = completed, dialect.New(0).Append(nil, append(own.attrs, added...))
	}
	s.Name = own.name
	for _, a := range own.attrs {
		s.Attributes = append(s.Attributes, attributes(string(a.Key), a.Value.AsInterface())...)
	}
	b.all = append(b.all, recording.Request{Traces: traces("", s).Traces})
	added := b.all[len(b.all)-1].Traces.GetResourceSpans()[0]
	added.Resource = b.resource
	added.GetScopeSpans()[0].Scope = &commonpb.InstrumentationScope{Name: b.scope}
}

// identify sets the IDs of s. A span whose parent is not in the recording is in the trace of its
// parent too.
func (b *builder) identify(s *tracepb.Span, ids string) {
	id, parent, _ := strings.Cut(ids, "<")
	b.n++
	s.StartTimeUnixNano, s.EndTimeUnixNano = 1000+b.n, 9000-b.n
	b.traces[id] = id
	if parent != "" {
		if b.traces[id] = b.traces[parent]; b.traces[id] == "" {
			b.traces[id] = parent
		}
		s.ParentSpanId = number(parent, 8)
	}
	s.SpanId, s.TraceId = number(id, 8), number(b.traces[id], 16)
}

func number(text string, size int) []byte {
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 || n > 255 {
		panic(fmt.Sprintf("the ID %q is not a number from 1 to 255", text))
	}
	id := make([]byte, size)
	id[size-1] = byte(n)
	return id
}

func (b *builder) attribute(s *tracepb.Span, own *completable, key string, value any) {
	switch n, isInt := value.(int); {
	case key == "status":
		failed(s)
	case key == "panic":
		panicked(s)
	case key == "link":
		s.Links = append(s.Links, &tracepb.Span_Link{TraceId: number(fmt.Sprint(value), 16), SpanId: number(fmt.Sprint(value), 8)})
	case isInt:
		own.attrs = append(own.attrs, attribute.Int(key, n))
	default:
		own.attrs = append(own.attrs, attribute.String(key, fmt.Sprint(value)))
	}
}

// attrs parses pairs such as a=b c="d e" @group. The attributes of a group come from a let line.
func (b *builder) attrs(t *testing.T, text string) []any {
	t.Helper()
	var pairs []any
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		if text[0] == '@' {
			name, rest, _ := strings.Cut(text, " ")
			group, known := b.contract.groups[name]
			if !known {
				t.Fatalf("%s: unknown group %s", b.contract.name, name)
			}
			pairs, text = append(pairs, b.attrs(t, group)...), rest
			continue
		}
		key, rest, _ := strings.Cut(text, "=")
		value, err := strconv.QuotedPrefix(rest)
		if err != nil {
			value, _, _ = strings.Cut(rest, " ")
		}
		text = rest[len(value):]
		if unquoted, err := strconv.Unquote(value); err == nil {
			pairs = append(pairs, key, unquoted)
		} else if n, err := strconv.Atoi(value); err == nil {
			pairs = append(pairs, key, n)
		} else {
			pairs = append(pairs, key, value)
		}
	}
	return pairs
}

func (b *builder) metric(t *testing.T, rest string) {
	t.Helper()
	words := strings.SplitN(rest, " ", 3)
	labels := b.attrs(t, strings.Join(words[2:], ""))
	unit := ""
	if len(labels) > 0 && labels[0] == "unit" {
		unit, labels = labels[1].(string), labels[2:]
	}
	switch words[0] {
	case "gauge":
		b.add(gauge(words[1], unit, labels...))
	case "counter":
		b.add(sum(words[1], unit, true, labels...))
	case "updown":
		b.add(sum(words[1], unit, false, labels...))
	case "histogram":
		b.add(histogram(words[1], unit, labels...))
	default:
		t.Fatalf("%s: unknown type of metric %q", b.contract.name, words[0])
	}
}

func (b *builder) add(m *metricspb.Metric) {
	request := metrics("", m)
	request.Metrics.GetResourceMetrics()[0].Resource = b.resource
	b.all = append(b.all, request)
}

// log adds a line as setup.LogHandler writes it. If the text begins with a number, it is the number
// of a span, and the line has the IDs of this span.
func (b *builder) log(rest string) {
	level, message, _ := strings.Cut(rest, " ")
	ids := ""
	if id, text, _ := strings.Cut(message, " "); b.traces[id] != "" {
		message = text
		ids = fmt.Sprintf(`,"trace_id":"%x","span_id":"%x"`, number(b.traces[id], 16), number(id, 8))
	}
	b.line(recording.Stdout, fmt.Sprintf(`{"time":"t","level":%q,"message":%q%s}`, level, message, ids))
}

func (b *builder) line(stream, text string) {
	l := recording.Line{Stream: stream, Text: text}
	b.all = append(b.all, l.Request(b.resource))
}

// record adds a log record that is exported over OTLP.
func (b *builder) record(t *testing.T, rest string) {
	t.Helper()
	severity, attrs, _ := strings.Cut(rest, " ")
	n := map[string]logspb.SeverityNumber{"info": logspb.SeverityNumber_SEVERITY_NUMBER_INFO, "error": logspb.SeverityNumber_SEVERITY_NUMBER_ERROR}[severity]
	b.all = append(b.all, recording.Request{Logs: &collogs.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{
		Resource:  b.resource,
		ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{SeverityNumber: n, Attributes: attributes(b.attrs(t, attrs)...)}}}},
	}}}})
}

// goCard returns the metrics that setup exports for the Go card.
func goCard() []*metricspb.Metric {
	all := []*metricspb.Metric{
		gauge("go_info", "", "version", "go1.26.0"),
		{Name: "go_gc_duration_seconds", Data: &metricspb.Metric_Summary{Summary: &metricspb.Summary{DataPoints: []*metricspb.SummaryDataPoint{{}}}}},
		sum("process_cpu_seconds_total", "", true),
	}
	for _, name := range []string{"go_goroutines", "go_threads", "go_memstats_alloc_bytes", "go_memstats_sys_bytes", "process_open_fds", "process_max_fds"} {
		all = append(all, gauge(name, ""))
	}
	return all
}
