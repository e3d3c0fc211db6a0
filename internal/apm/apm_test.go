package apm_test

import (
	"slices"
	"strings"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/conformance/apmsuite"
	"github.com/nais/spor/internal/recording"
)

func TestEveryPanelIsLitAndGoesDark(t *testing.T) {
	apmsuite.Run(t, whole())
}

func TestNothing(t *testing.T) {
	if got := judge(); len(got) != 0 {
		t.Errorf("got %v, want no report", got)
	}
}

func TestAServiceThatOnlyWrites(t *testing.T) {
	r := only(t, lines("quiet", `{"level":"INFO","message":"hello"}`)...)
	for panel, want := range map[string]apm.State{
		"Service inventory": apm.Dark, "Overview": apm.NotUsed, "Runtime: Go card": apm.Dark, "Logs": apm.Lit,
		"Operations: HTTP": apm.NotUsed, "Database: pool health": apm.NotUsed, "Issues": apm.NotUsed, "Logs of a trace": apm.NotUsed,
	} {
		if v, _ := r.Panel(panel); v.State != want {
			t.Errorf("%s: got %s, want %s", panel, v.State, want)
		}
	}
	if r.OK() {
		t.Error("got OK")
	}
}

// TestAServiceWithoutTraffic checks that a service that has started telemetry, but got no request,
// gets a verdict that states this.
func TestAServiceWithoutTraffic(t *testing.T) {
	r := only(t, metrics("idle", gauge("go_goroutines", "")), lines("idle", `{"level":"INFO","message":"started"}`)[0])
	v, _ := r.Panel("Service inventory")
	if v.State != apm.Dark || len(v.Cures) != 1 || !strings.Contains(v.Evidence, "no request was made") || !strings.Contains(v.Cures[0], "make requests") {
		t.Errorf("got %+v", v)
	}
	for _, v := range r.Panels {
		if strings.Contains(strings.Join(v.Cures, " "), "wrap") {
			t.Errorf("%s has a cure that cannot help: %q", v.Panel, v.Cures)
		}
	}
}

// TestAJob checks that no panel of a job without servers, clients and log lines is dark because of them.
func TestAJob(t *testing.T) {
	r := only(t, traces("job", span(1, 0, internal, "job")), metrics("job", gauge("go_goroutines", "")))
	for panel, want := range map[string]apm.State{"Overview": apm.NotUsed, "Logs": apm.NotUsed, "Logs of a trace": apm.NotUsed, "Noise": apm.NotUsed} {
		if v, _ := r.Panel(panel); v.State != want {
			t.Errorf("%s: got %+v, want %s", panel, v, want)
		}
	}
}

// TestStockLibrariesAreNamed checks that a verdict names the library whose spans lack something.
func TestStockLibrariesAreNamed(t *testing.T) {
	request := traces("s", span(1, 0, client, "sql.conn.query", "db.system.name", "postgresql", "db.query.text", "SELECT 1"))
	request.Traces.ResourceSpans[0].ScopeSpans[0].Scope = &commonpb.InstrumentationScope{Name: "github.com/XSAM/otelsql"}
	v, _ := only(t, request).Panel("Operations: database")
	if v.State != apm.Dark || !slices.Equal(v.Libraries, []string{"otelsql"}) {
		t.Errorf("got %+v", v)
	}
}

func TestLinesOfAProgramThatCallsItselfOtherwise(t *testing.T) {
	requests := append(lines("started-as", goodLog), traces("api", span(1, 0, server, "GET /a", "http.request.method", "GET", "http.route", "/a")))
	reports := judge(requests...)
	i := slices.IndexFunc(reports, func(r apm.Report) bool { return r.Service == "api" })
	v, _ := reports[i].Panel("Service inventory")
	if v.State != apm.Dark || !strings.Contains(v.Evidence, `service.name is "api", but the platform has set "started-as"`) {
		t.Errorf("got %+v", v)
	}
	if v, _ := reports[i].Panel("Logs of a trace"); v.State != apm.Lit {
		t.Errorf("logs of a trace: got %+v", v)
	}
}

func TestEdges(t *testing.T) {
	kafka := []any{"messaging.system", "kafka", "messaging.destination.name", "topic"}
	var r apm.Recording
	for _, request := range []recording.Request{
		traces("shop",
			span(1, 0, server, "GET /"),
			span(2, 1, client, "GET"),
			failed(span(3, 1, client, "SELECT", "db.system", "postgresql", "db.name", "shop", "server.address", "127.0.0.1", "peer.service", "shop-db")),
			span(4, 1, client, "SELECT", "db.system", "postgresql", "db.name", "other", "server.address", "db-host"),
			span(5, 1, client, "PING", "db.system.name", "redis"), // without the older name there is no edge
			span(6, 1, producer, "topic publish", kafka...),
			span(7, 1, client, "GET", "server.address", "elsewhere"), // there is no server span and no peer.service, so there is no edge
			span(8, 1, client, "GET", "peer.service", "token-x"),
			span(9, 1, internal, "work"),
		),
		traces("stock", span(20, 2, server, "GET /items")),
		traces("mail",
			span(30, 6, consumer, "topic process", kafka...),
			span(31, 6, consumer, "topic process", kafka...), // the producer span already has an edge, so this span gets none
			span(32, 9, consumer, "topic process", kafka...), // the parent is not a producer span, so there is no edge
		),
	} {
		r.Add(request)
	}
	want := []apm.Edge{
		{Client: "shop", Server: "db-host", Type: "database", DBSystem: "postgresql", Count: 1},
		{Client: "shop", Server: "mail", Type: "messaging_system", MessagingSystem: "kafka", Count: 1},
		{Client: "shop", Server: "shop-db", Type: "database", DBSystem: "postgresql", Count: 1, Failed: 1},
		{Client: "shop", Server: "stock", Count: 1},
		{Client: "shop", Server: "token-x", Type: "virtual_node", Count: 1},
		{Client: "user", Server: "shop", Type: "virtual_node", Count: 1},
	}
	if got := r.Edges(); !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestMetricsHaveTheNamesThatMimirGivesThem(t *testing.T) {
	for name, tt := range map[string]struct {
		usage, create string // the units of the two metrics
		want          apm.State
	}{
		"as spor":           {"{connections}", "ms", apm.Lit},
		"without a unit":    {"", "ms", apm.Lit},
		"seconds":           {"{connections}", "s", apm.Dark},
		"a unit of its own": {"By", "ms", apm.Dark},
	} {
		requests := []recording.Request{
			traces("s", span(1, 0, client, "SELECT", "db.system", "postgresql", "db.name", "n")),
			metrics("s", sum("db.client.connections.usage", tt.usage, false, "pool.name", "p", "state", "idle"),
				histogram("db.client.connections.create_time", tt.create, "pool.name", "p")),
		}
		r := only(t, requests...)
		health, _ := r.Panel("Database: pool health")
		p95, _ := r.Panel("Database: acquisition P95")
		both := apm.Lit
		if health.State == apm.Dark || p95.State == apm.Dark {
			both = apm.Dark
		}
		if both != tt.want {
			t.Errorf("%s: got %+v and %+v, want %s", name, health, p95, tt.want)
		}
	}
}

func TestFindings(t *testing.T) {
	uuid := "0af76519-16cd-43dd-8448-eb211c80319c"
	for name, tt := range map[string]struct {
		requests    []recording.Request
		kind, place string // both are "" if there is no finding
	}{
		"nothing":               {[]recording.Request{traces("s", span(1, 0, server, "GET /a", "http.request.method", "GET", "http.method", "GET", "http.route", "/a", "url.path", "/a"))}, "", ""},
		"attribute":             {[]recording.Request{traces("s", span(1, 0, internal, "look up", "user.id", "01017012345"))}, apm.PersonalNumber, "span look up, attribute user.id"},
		"key":                   {[]recording.Request{traces("s", span(1, 0, internal, "look up", "01017012345", "x"))}, apm.PersonalNumber, "span look up, key of an attribute"},
		"encoded":               {[]recording.Request{traces("s", span(1, 0, internal, "look up", "url", "/a/010170%2012345"))}, apm.PersonalNumber, "span look up, attribute url"},
		"name":                  {[]recording.Request{traces("s", span(1, 0, internal, "of 01017012345"))}, apm.PersonalNumber, "span of ***********, its name"},
		"label":                 {[]recording.Request{metrics("s", gauge("visits", "", "user", "01017012345"))}, apm.PersonalNumber, "metric visits, attribute user"},
		"field":                 {lines("s", `{"level":"INFO","message":"m","request":{"ids":["01017012345"]}}`), apm.PersonalNumber, "stdout, field request.ids"},
		"number":                {lines("s", `{"level":"INFO","message":"m","ident":31129912345}`), apm.PersonalNumber, "stdout, field ident"},
		"plain text":            {lines("s", `user 01017012345`), apm.PersonalNumber, "stdout, plain text"},
		"secret in a URL":       {[]recording.Request{traces("s", span(1, 0, internal, "call", "url.full", "https://u:hunter2@h/?access_token=abc"))}, apm.Secret, "span call, attribute url.full"},
		"token":                 {lines("s", `{"level":"INFO","message":"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x"}`), apm.Secret, "stdout, field message"},
		"key file":              {lines("s", `-----BEGIN RSA PRIVATE KEY-----`), apm.Secret, "stdout, plain text"},
		"UUID in a name":        {[]recording.Request{traces("s", span(1, 0, internal, "job "+uuid))}, apm.SpanName, "job " + uuid + " contains a UUID"},
		"digits in a name":      {[]recording.Request{traces("s", span(1, 0, internal, "job 123456"))}, apm.SpanName, "job 123456 contains six or more digits"},
		"few digits in a name":  {[]recording.Request{traces("s", span(1, 0, internal, "job 12345"))}, "", ""},
		"raw path":              {[]recording.Request{traces("s", span(1, 0, server, "GET /users/anna", "http.method", "GET", "http.target", "/users/anna?x=1"))}, apm.SpanName, "GET /users/anna is a raw path"},
		"raw path of a client":  {[]recording.Request{traces("s", span(1, 0, client, "GET /users/anna", "http.method", "GET", "http.url", "http://h/users/anna?x=1"))}, apm.SpanName, "GET /users/anna is a raw path"},
		"missing older name":    {[]recording.Request{traces("s", span(1, 0, client, "SELECT", "db.query.text", "SELECT 1"))}, apm.MissingName, "db.statement, the older name of db.query.text"},
		"epochs are no numbers": {lines("s", `{"level":"INFO","message":"m","at":1732298400,"at_ns":1732298400123456789}`), "", ""},
		"a mask is no number":   {lines("s", `{"level":"INFO","message":"of ***********","url":"/?token=REDACTED"}`), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := only(t, tt.requests...).Findings
			if tt.kind == "" {
				if len(found) != 0 {
					t.Errorf("got %+v, want nothing", found)
				}
				return
			}
			i := slices.IndexFunc(found, func(f apm.Finding) bool { return f.Kind == tt.kind && f.Place == tt.place })
			if i < 0 || found[i].Cure == "" || found[i].Count != 1 {
				t.Errorf("got %+v, want %s at %q", found, tt.kind, tt.place)
			}
			for _, f := range found {
				if strings.Contains(f.Place, "01017012345") || strings.Contains(f.Place, "hunter2") {
					t.Errorf("the place contains the personal number or the secret: %q", f.Place)
				}
			}
		})
	}
}

func TestLongLinesAreReadWhole(t *testing.T) {
	part := func(text string, continued bool) recording.Request {
		l := recording.Line{Stream: recording.Stdout, Text: text, Continued: continued}
		return l.Request(resourceNamed("s"))
	}
	r := only(t, part(`{"level":"INFO",`, true), part(`"message":"m"}`, false), part(`{"level":"INFO","message":"n"}`, false))
	if v, _ := r.Panel("Logs"); v.State != apm.Lit || r.Lines != 2 {
		t.Errorf("got %+v and %d lines, want a lit panel and 2 lines", v, r.Lines)
	}
}

func TestLogsOverOTLP(t *testing.T) {
	record := func(attrs ...any) recording.Request {
		return recording.Request{Logs: &collogs.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{
			Resource: resourceNamed("s"),
			ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{
				SeverityNumber: logspb.SeverityNumber_SEVERITY_NUMBER_ERROR, Attributes: attributes(attrs...),
			}}}},
		}}}}
	}
	for name, tt := range map[string]struct {
		attrs []any
		panel string
		want  apm.State
	}{
		"exception":    {[]any{"exception.type", "*fs.PathError", "exception.message", "gone"}, "Issues", apm.Lit},
		"no exception": {nil, "Issues", apm.Dark},
		"team logs":    {[]any{"marker", "TEAM_LOGS"}, "Team Logs", apm.Dark},
	} {
		if v, _ := only(t, record(tt.attrs...)).Panel(tt.panel); v.State != tt.want {
			t.Errorf("%s: got %+v, want %s", name, v, tt.want)
		}
	}
}

func TestPanicsAsPlainText(t *testing.T) {
	r := only(t, lines("s", "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n")...)
	v, _ := r.Panel("Issues")
	if v.State != apm.Dark || !strings.Contains(v.Evidence, "plain text") {
		t.Errorf("got %+v", v)
	}
}

// TestStableNamesAlone checks two things about spans whose attributes have only stable names.
// The spans are recognised, and the panels are dark because the older names are missing.
func TestStableNamesAlone(t *testing.T) {
	r := only(t, traces("s",
		span(1, 0, client, "sql.conn.query", "db.system.name", "postgresql", "db.query.text", "SELECT 1"),
		span(2, 0, client, "HTTP GET", "http.request.method", "GET"),
		span(3, 0, server, "v1.S/M", "rpc.system.name", "grpc", "rpc.method", "v1.S/M"),
		span(4, 0, consumer, "topic poll", "messaging.system", "kafka", "messaging.source.name", "topic"),
	))
	for _, panel := range []string{
		"Operations: database", "Operations: outbound", "Operations: gRPC", "Operations: messaging", "Database: top queries",
		"Database: traces", "Dependencies and service map", "Dependency detail", "Runtime: Kafka card", "Database: pool health", "Trace breakdowns",
	} {
		if v, _ := r.Panel(panel); v.State != apm.Dark || len(v.Cures) == 0 {
			t.Errorf("%s: got %+v, want a dark panel with a cure", panel, v)
		}
	}
}

func TestPropagation(t *testing.T) {
	rpc := []any{"rpc.system", "grpc", "rpc.service", "v1.S", "rpc.method", "M", "server.address", "h"}
	other := func(s *tracepb.Span) *tracepb.Span {
		s.TraceId[0] = 9
		return s
	}
	for name, tt := range map[string]struct {
		server *tracepb.Span
		want   apm.State
	}{
		"joined":           {span(2, 1, server, "v1.S/M", rpc...), apm.Lit},
		"in another trace": {other(span(2, 0, server, "v1.S/M", rpc...)), apm.Dark},
		"another method":   {other(span(2, 0, server, "v1.S/N", "rpc.system", "grpc", "rpc.service", "v1.S", "rpc.method", "N")), apm.Lit},
		"at another time":  {other(&tracepb.Span{TraceId: make([]byte, 16), SpanId: make([]byte, 8), Kind: server, Name: "v1.S/M", Attributes: attributes(rpc...), StartTimeUnixNano: 1, EndTimeUnixNano: 2}), apm.Lit},
	} {
		r := only(t, traces("s", span(1, 0, client, "v1.S/M", rpc...), tt.server))
		if v, _ := r.Panel("Dependencies and service map"); v.State != tt.want {
			t.Errorf("%s: got %+v, want %s", name, v, tt.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add(goodLog)
	f.Add("{\"level\":[1],\"message\":{\"a\":null}}")
	f.Add("panic: \xff\ngoroutine 1 [running]:\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range judge(lines("s", text)...) {
			for _, v := range r.Panels {
				if v.State == apm.Dark && len(v.Cures) == 0 {
					t.Errorf("%s is dark without a cure", v.Panel)
				}
			}
		}
	})
}

// TestRoutesWithoutWildcard has the names that otelhttp gives spans after patterns of net/http's mux,
// and names that a program has chosen.
func TestRoutesWithoutWildcard(t *testing.T) {
	const otelhttp = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	for name, tt := range map[string]struct {
		scope, path, status string
		kind                tracepb.Span_SpanKind
		raw                 bool
	}{
		"pattern":         {otelhttp, "/query", "200", server, false},
		"version":         {otelhttp, "/v2/query", "200", server, false},
		"number":          {otelhttp, "/users/7", "200", server, true},
		"number, inside":  {otelhttp, "/users/7/mail", "200", server, true},
		"no route":        {otelhttp, "/query", "404", server, true},
		"client":          {otelhttp, "/query", "200", client, true},
		"another library": {"mine", "/query", "200", server, true},
	} {
		request := traces("s", span(1, 0, tt.kind, "GET "+tt.path, "http.method", "GET", "http.target", tt.path, "http.status_code", tt.status))
		request.Traces.GetResourceSpans()[0].GetScopeSpans()[0].Scope = &commonpb.InstrumentationScope{Name: tt.scope}
		if found := only(t, request).Findings; (len(found) > 0) != tt.raw {
			t.Errorf("%s: got %+v", name, found)
		}
	}
}

// TestOtherSystems has databases without SQL, and messages that are not Kafka's.
func TestOtherSystems(t *testing.T) {
	redis := []any{"db.system", "redis", "db.operation", "GET"}
	dynamo := []any{"db.system", "aws.dynamodb", "rpc.system", "aws-api", "rpc.service", "DynamoDB", "rpc.method", "GetItem"}
	sqs := []any{"messaging.system", "aws_sqs", "rpc.system", "aws-api", "rpc.service", "SQS", "rpc.method", "SendMessage"}
	postgres := []any{"db.system", "postgresql", "db.name", "shop"}
	with := func(attrs []any, more ...any) []any { return slices.Concat(attrs, more) }
	for name, tt := range map[string]struct {
		kind  tracepb.Span_SpanKind
		attrs []any
		want  map[string]apm.State
	}{
		"no address":            {client, redis, map[string]apm.State{"Database: rate and errors": apm.Lit}},
		"no address, with SQL":  {client, postgres, map[string]apm.State{"Database: rate and errors": apm.Dark}},
		"no statements":         {client, redis, map[string]apm.State{"Database: top queries": apm.NotUsed, "Database: N+1": apm.NotUsed}},
		"statements":            {client, with(redis, "db.statement", "GET k"), map[string]apm.State{"Database: top queries": apm.Lit, "Database: N+1": apm.Lit}},
		"no statements, SQL":    {client, postgres, map[string]apm.State{"Database: top queries": apm.Dark, "Database: N+1": apm.Dark}},
		"statements, no table":  {client, with(postgres, "db.statement", "SELECT 1"), map[string]apm.State{"Database: top queries": apm.Lit, "Database: N+1": apm.Lit}},
		"statements of tables":  {client, with(postgres, "db.statement", "SELECT * FROM t"), map[string]apm.State{"Database: top queries": apm.Dark, "Database: N+1": apm.Lit}},
		"DynamoDB":              {client, dynamo, map[string]apm.State{"Database: pool health": apm.NotUsed, "Dependency detail": apm.Dark, "Database: rate and errors": apm.Lit}},
		"a call to SQS":         {client, sqs, map[string]apm.State{"Operations: messaging": apm.NotUsed, "Dependency detail": apm.Dark, "Operations: gRPC": apm.Lit}},
		"a message of Kafka":    {client, []any{"messaging.system", "kafka"}, map[string]apm.State{"Operations: messaging": apm.Dark, "Dependency detail": apm.Dark}},
		"a job":                 {consumer, []any{"kind", "mail"}, map[string]apm.State{"Operations: messaging": apm.Lit, "Dependency detail": apm.NotUsed}},
		"a job that is created": {producer, []any{"kind", "mail"}, map[string]apm.State{"Operations: messaging": apm.Lit, "Dependency detail": apm.NotUsed}},
	} {
		reports := judge(traces("shop", span(1, 0, server, "GET /a"), span(2, 1, tt.kind, "name", tt.attrs...)))
		for panel, want := range tt.want {
			if v, _ := reports[0].Panel(panel); v.State != want {
				t.Errorf("%s: %s is %s, want %s: %s", name, panel, v.State, want, v.Evidence)
			}
		}
	}
}
