package waterfall_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
	"github.com/nais/spor/internal/waterfall"
)

var update = flag.Bool("update", false, "write the golden files again")

type fake struct {
	service    string
	id, parent byte
	name       string
	kind       tracepb.Span_SpanKind
	from, to   time.Duration
	attrs      []string // key, value, key, value, and so on
	failure    *string  // the description of the error status
	ok         bool
	exception  []string // the type and the message of the exception
	retries    int
	links      []*tracepb.Span_Link
}

const (
	internal = tracepb.Span_SPAN_KIND_INTERNAL
	server   = tracepb.Span_SPAN_KIND_SERVER
	client   = tracepb.Span_SPAN_KIND_CLIENT
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

var traceID = []byte{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}

func spanID(id byte) []byte { return []byte{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, id} }

func attributes(pairs []string) []*commonpb.KeyValue {
	var list []*commonpb.KeyValue
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, &commonpb.KeyValue{
			Key:   pairs[i],
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: pairs[i+1]}},
		})
	}
	return list
}

func (f fake) span() *tracepb.Span {
	const epoch = 1544712660 * time.Second
	s := &tracepb.Span{
		TraceId:           traceID,
		SpanId:            spanID(f.id),
		Name:              f.name,
		Kind:              f.kind,
		StartTimeUnixNano: uint64(epoch + f.from),
		EndTimeUnixNano:   uint64(epoch + f.to),
		Attributes:        attributes(f.attrs),
		Links:             f.links,
	}
	if f.parent != 0 {
		s.ParentSpanId = spanID(f.parent)
	}
	if f.failure != nil {
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: *f.failure}
	}
	if f.ok {
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK}
	}
	if len(f.exception) == 2 {
		s.Events = []*tracepb.Span_Event{{
			Name:       "exception",
			Attributes: attributes([]string{"exception.type", f.exception[0], "exception.message", f.exception[1]}),
		}}
	}
	for range f.retries {
		s.Events = append(s.Events, &tracepb.Span_Event{Name: "attempt"})
	}
	return s
}

// The function trace makes a trace from spans in the same way as the command `spor run`.
func trace(t *testing.T, fakes ...fake) *tracetree.Trace {
	t.Helper()
	var got *tracetree.Trace
	a := tracetree.New(tracetree.Options{Finished: func(trace *tracetree.Trace) { got = trace }})
	for _, f := range fakes {
		a.Add(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
			Resource:   &resourcepb.Resource{Attributes: attributes([]string{"service.name", f.service})},
			ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{f.span()}}},
		}}})
	}
	a.Close()
	if got == nil {
		t.Fatal("no trace")
	}
	return got
}

func draw(t *testing.T, trace *tracetree.Trace, style waterfall.Style) string {
	t.Helper()
	var b bytes.Buffer
	if err := waterfall.Draw(&b, trace, style); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

func quotes() []fake {
	failure, none := "ERROR: duplicate key value violates unique constraint \"quotes_pkey\" (SQLSTATE 23505)", ""
	return []fake{
		{
			service: "gateway", id: 1, name: "POST /quotes", kind: server, from: 0, to: ms(48.213), failure: &none,
			attrs: []string{"http.request.method", "POST", "http.route", "/quotes", "url.path", "/quotes", "http.response.status_code", "500", "error.type", "500"},
		},
		{
			service: "gateway", id: 2, parent: 1, name: "validate", kind: internal, from: ms(0.4), to: ms(0.433), ok: true,
			attrs: []string{"quote.author", "Ibsen", "quote.words", "7"},
		},
		{
			service: "gateway", id: 3, parent: 1, name: "POST", kind: client, from: ms(1.8), to: ms(47), failure: &none,
			attrs: []string{"http.request.method", "POST", "url.full", "http://127.0.0.1:41235/quotes", "http.response.status_code", "500"},
		},
		{
			service: "quotes-backend", id: 4, parent: 3, name: "POST /quotes", kind: server, from: ms(3.1), to: ms(46.2), failure: &none,
			attrs: []string{"http.request.method", "POST", "http.route", "/quotes", "url.path", "/quotes", "http.response.status_code", "500"},
		},
		{
			service: "quotes-backend", id: 5, parent: 4, name: "INSERT quotes", kind: client, from: ms(6), to: ms(24.9), failure: &failure,
			attrs:     []string{"db.system.name", "postgresql", "db.query.text", "INSERT INTO quotes (id, author, text)\n\tVALUES ($1, $2, $3)", "server.address", "db"},
			exception: []string{"*pgconn.PgError", failure},
		},
		{
			service: "quotes-backend", id: 6, parent: 4, name: "quotes publish", kind: producer, from: ms(26), to: ms(31),
			attrs: []string{"messaging.system", "kafka", "messaging.destination.name", "quotes", "messaging.destination.partition.id", "3"},
		},
		{
			service: "quotes-worker", id: 7, parent: 6, name: "quotes process", kind: consumer, from: ms(33), to: ms(45),
			attrs: []string{"messaging.system", "kafka", "messaging.destination.name", "quotes", "messaging.destination.partition.id", "3", "messaging.kafka.offset", "1017"},
			links: []*tracepb.Span_Link{{TraceId: traceID, SpanId: spanID(6)}, {TraceId: spanTrace(9), SpanId: spanID(9)}},
		},
		{
			service: "quotes-worker", id: 8, parent: 7, name: "quotes.Ranking/Add", kind: client, from: ms(34), to: ms(44.5),
			attrs: []string{"rpc.system.name", "grpc", "rpc.response.status_code", "NOT_FOUND", "server.address", "ranking"},
		},
	}
}

func spanTrace(id byte) []byte { return append(spanID(id), spanID(id)...) }

func TestDraw(t *testing.T) {
	incomplete := quotes()[2:]
	incomplete[0].kind = client // the parent of a client span should be in the same process
	for name, tt := range map[string]struct {
		spans []fake
		style waterfall.Style
	}{
		"quotes":     {quotes(), waterfall.Style{}},
		"wide":       {quotes(), waterfall.Style{Width: 160}},
		"narrow":     {quotes(), waterfall.Style{Width: 60}},
		"colour":     {quotes(), waterfall.Style{Color: true}},
		"incomplete": {incomplete, waterfall.Style{}},
		"elsewhere":  {quotes()[3:5], waterfall.Style{}},
		"single":     {[]fake{{service: "a", id: 1, name: "GET", kind: server, to: ms(0.9)}}, waterfall.Style{}},
		"hostile":    {hostile(), waterfall.Style{}},
		"times":      {times(), waterfall.Style{}},
		"deep":       {deep(30), waterfall.Style{}},
		"details":    {kinds(), waterfall.Style{Width: 120}},
		"calls":      {calls(), waterfall.Style{Width: 120}},
	} {
		t.Run(name, func(t *testing.T) {
			got := draw(t, trace(t, tt.spans...), tt.style)
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("drew\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func hostile() []fake {
	none := ""
	return []fake{
		{service: "\x1b]0;owned\agate\x1b[2Jway", id: 1, name: "\x1b[31mGET\r\n/x\x00\u202e", kind: 99, to: ms(5), failure: &none, attrs: []string{
			"http.request.method", "GET", "url.path", "/\x9b31m\u009b31m\x1b[",
		}, exception: []string{"evil\u2028type", "\x1bP never ends"}},
		{service: "日本語のサービス名はとても長い", id: 2, parent: 1, name: "注文を処理する注文を処理する注文を処理する注文を処理する", kind: internal, from: ms(1), to: ms(2), attrs: []string{
			"kunde", "Åse Sørbø", "emoji", "🙂🙂🙂", "combining", "e\u0301e\u0301",
		}},
		{service: "", id: 3, parent: 1, name: "", from: ms(2), to: ms(3)},
	}
}

func times() []fake {
	return []fake{
		{service: "a", id: 1, name: "two hours", to: 2 * time.Hour},
		{service: "a", id: 2, parent: 1, name: "minutes", from: time.Hour, to: time.Hour + 11*time.Minute},
		{service: "a", id: 3, parent: 1, name: "seconds", from: time.Hour, to: time.Hour + 61*time.Second},
		{service: "a", id: 4, parent: 1, name: "at the very end", from: 2 * time.Hour, to: 2*time.Hour + 999*time.Microsecond},
		{service: "a", id: 5, parent: 1, name: "ends before it starts", from: time.Hour, to: time.Minute},
		{service: "a", id: 6, parent: 1, name: "no time at all", from: time.Hour, to: time.Hour},
	}
}

func deep(n byte) []fake {
	var spans []fake
	for id := byte(1); id <= n; id++ {
		spans = append(spans, fake{service: "a", id: id, parent: id - 1, name: "level", kind: internal, from: ms(float64(id)), to: ms(100 - float64(id))})
	}
	return spans
}

func kinds() []fake {
	boom := "context deadline exceeded"
	return []fake{
		{service: "a", id: 1, name: "GET /quotes/{id}", kind: server, to: ms(9), attrs: []string{"http.method", "GET", "http.route", "/quotes/{id}", "http.target", "/quotes/7", "http.status_code", "200"}},
		{service: "a", id: 2, parent: 1, name: "SELECT quotes", kind: client, from: ms(1), to: ms(2), attrs: []string{"db.system", "postgresql", "db.statement", "SELECT 1"}},
		{service: "a", id: 3, parent: 1, name: "GET", kind: client, from: ms(2), to: ms(3), attrs: []string{"db.system.name", "redis", "db.namespace", "0"}},
		{service: "a", id: 4, parent: 1, name: "Ranking/Add", kind: client, from: ms(3), to: ms(4), attrs: []string{"rpc.system", "grpc", "rpc.grpc.status_code", "5", "net.peer.name", "ranking"}},
		{service: "a", id: 5, parent: 1, name: "send", kind: producer, from: ms(4), to: ms(5), attrs: []string{"messaging.system", "kafka", "messaging.destination.name", "quotes"}},
		{service: "a", id: 6, parent: 1, name: "rank", kind: internal, from: ms(5), to: ms(6), failure: &boom, attrs: []string{"code.function.name", "main.rank", "quote.author", "Ibsen", "a", "1", "b", "2", "c", "3"}},
		{service: "a", id: 7, parent: 1, name: "typed", kind: internal, from: ms(6), to: ms(7), failure: new(string), attrs: []string{"error.type", "*net.OpError"}},
		{service: "a", id: 8, parent: 1, name: "handled", kind: internal, from: ms(7), to: ms(8), exception: []string{"*fs.PathError", "open x: no such file"}},
		{service: "a", id: 9, parent: 1, name: "linked", kind: consumer, from: ms(8), to: ms(9), links: []*tracepb.Span_Link{
			{TraceId: traceID, SpanId: spanID(5)}, {TraceId: traceID, SpanId: spanID(50)}, {}, {}, {},
		}},
	}
}

// The function calls returns spans of gRPC calls. Some calls needed more than one attempt, and
// some called an unknown method.
func calls() []fake {
	unknown := "unknown service or method"
	attrs := func(code string, more ...string) []string {
		return append([]string{"rpc.system.name", "grpc", "rpc.response.status_code", code}, more...)
	}
	return []fake{
		{service: "a", id: 1, name: "Ranking/Add", kind: client, to: ms(9), retries: 1, attrs: attrs("OK", "server.address", "ranking", "server.port", "8080")},
		{service: "b", id: 2, parent: 1, name: "Ranking/Add", kind: server, from: ms(1), to: ms(2), attrs: attrs("RESOURCE_EXHAUSTED", "server.address", "10.0.0.1")},
		{service: "b", id: 3, parent: 1, name: "Ranking/Add", kind: server, from: ms(7), to: ms(8), attrs: attrs("OK", "server.address", "10.0.0.2")},
		{service: "b", id: 4, parent: 3, name: "grpc", kind: server, from: ms(7), to: ms(8), failure: &unknown, attrs: attrs("UNIMPLEMENTED", "rpc.method", "_OTHER", "rpc.method_original", "wp.Admin/Login")},
	}
}

func TestDrawCountsWhatItLeavesOut(t *testing.T) {
	got := draw(t, trace(t, deep(250)...), waterfall.Style{})
	if got, want := strings.Count(got, "\n"), 1+200+1+1; got != want {
		t.Errorf("drew %d lines, want %d", got, want)
	}
	if want := "\n  … and 50 more spans\n"; !strings.Contains(got, want) {
		t.Errorf("%q is not in\n%s", want, got)
	}
}

func TestDrawSaysWhatIsMissing(t *testing.T) {
	complete := trace(t, quotes()...)
	for name, tt := range map[string]struct {
		change func(*tracetree.Trace)
		want   string
	}{
		"late":    {func(t *tracetree.Trace) { t.Late = 1 }, "4 errors  again, with 1 later span\n"},
		"dropped": {func(t *tracetree.Trace) { t.Complete, t.Dropped = false, 2 }, "  incomplete: 2 spans dropped, the trace is too large\n"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := *complete
			tt.change(&changed)
			header, _, _ := strings.Cut(draw(t, &changed, waterfall.Style{Width: 200}), "\n")
			if got := header + "\n"; !strings.HasSuffix(got, tt.want) {
				t.Errorf("header %q, want suffix %q", got, tt.want)
			}
		})
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestDrawReportsWriteErrors(t *testing.T) {
	if err := waterfall.Draw(broken{}, trace(t, quotes()...), waterfall.Style{}); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want %v", err, errBroken)
	}
}

// FuzzDraw checks three things about every text: it cannot break a line, it cannot reach the
// terminal as a command, and it cannot make a line longer than the width.
func FuzzDraw(f *testing.F) {
	f.Add("GET", "gateway", "/quotes/7", "boom", 100)
	f.Add("\x1b[31mGET\r\n", "\x1b]0;owned\a", "\x9b\u009b", "日本語\u202e", 40)
	f.Fuzz(func(t *testing.T, name, service, value, failure string, columns int) {
		spans := []fake{
			{service: service, id: 1, name: name, to: ms(5), failure: &failure, exception: []string{name, value}},
			{service: name, id: 2, parent: 1, name: value, to: ms(4), attrs: []string{"http.request.method", "GET", "url.path", value, "http.route", name}},
			{service: value, id: 3, parent: 1, name: value, to: ms(4), attrs: []string{failure, value}},
		}
		columns = 40 + max(columns, -columns, 0)%200
		drawn := draw(t, trace(t, spans...), waterfall.Style{Width: columns})
		if !utf8.ValidString(drawn) {
			t.Errorf("not UTF-8: %q", drawn)
		}
		for line := range strings.Lines(drawn) {
			line = strings.TrimSuffix(line, "\n")
			if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
				t.Errorf("%q: a character that is not graphic", line)
			}
			if got := utf8.RuneCountInString(line) - marks(line); got > columns {
				t.Errorf("%q: %d columns, want at most %d", line, got, columns)
			}
		}
	})
}

func marks(s string) int {
	n := 0
	for _, r := range s {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			n++
		}
	}
	return n
}
