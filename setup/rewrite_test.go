package setup_test

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/setup"
)

func exported(t *testing.T, kind trace.SpanKind, attrs []attribute.KeyValue, pairs ...string) *tracepb.Span {
	t.Helper()
	c := listen(t, ":0")
	environment(t, append(pairs, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())...)
	logLines(t)
	shutdown := mustStart(t)
	_, span := otel.Tracer("test").Start(t.Context(), "work", trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	span.End()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.spans[0]
}

func attributeOf(s *tracepb.Span, key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			switch v := a.GetValue().GetValue().(type) {
			case *commonpb.AnyValue_StringValue:
				return v.StringValue
			case *commonpb.AnyValue_IntValue:
				return strconv.FormatInt(v.IntValue, 10)
			}
		}
	}
	return ""
}

func TestExportSpeaksBothDialects(t *testing.T) {
	attrs := []attribute.KeyValue{attribute.Int("http.response.status_code", 404), attribute.String("db.system.name", "valkey")}
	span := exported(t, trace.SpanKindClient, attrs)
	for key, want := range map[string]string{"http.response.status_code": "404", "http.status_code": "404", "db.system.name": "valkey", "db.system": "redis"} {
		if got := attributeOf(span, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	span = exported(t, trace.SpanKindClient, attrs, "OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
	if got := len(span.GetAttributes()); got != 2 {
		t.Errorf("with only the stable names: got %d attributes, want 2", got)
	}
}

func TestExportNamesWhatIsOnLoopback(t *testing.T) {
	database := func(host, name string) []attribute.KeyValue {
		attrs := []attribute.KeyValue{attribute.String("db.system.name", "postgresql"), attribute.String("server.address", host)}
		if name != "" {
			attrs = append(attrs, attribute.String("db.namespace", name))
		}
		return attrs
	}
	request := func(host string, port int) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("http.request.method", "POST"), attribute.String("server.address", host), attribute.Int("server.port", port)}
	}
	platform := []string{
		"NAIS_TOKEN_ENDPOINT", "http://127.0.0.1:7164/api/v1/token", "ELECTOR_GET_URL", "http://localhost:4040/",
		"NAIS_DATABASE_ORDERS_ORDERS_DATABASE", "orders-db",
	}
	for _, tt := range []struct {
		name  string
		kind  trace.SpanKind
		attrs []attribute.KeyValue
		want  string
	}{
		{"the proxy's database", trace.SpanKindClient, database("127.0.0.1", "orders"), "orders@postgresql"},
		{"the only one", trace.SpanKindClient, database("localhost", ""), "orders-db@postgresql"},
		{"the older name of the system", trace.SpanKindClient, []attribute.KeyValue{
			attribute.String("db.name", "orders"), attribute.String("db.system", "mysql"), attribute.String("net.peer.name", "127.0.0.1"),
		}, "orders@mysql"},
		{"both names of the system", trace.SpanKindClient, append(database("::1", "0"), attribute.String("db.system", "redis")), "0@postgresql"},
		{"no name of the system", trace.SpanKindClient, []attribute.KeyValue{
			attribute.String("db.name", "orders"), attribute.String("db.system", ""), attribute.String("server.address", "127.0.0.1"),
		}, "orders@database"},
		{"a database elsewhere", trace.SpanKindClient, database("db.team", "orders"), ""},
		{"token", trace.SpanKindClient, request("127.0.0.1", 7164), "texas@sidecar"},
		{"elector", trace.SpanKindClient, request("localhost", 4040), "elector@sidecar"},
		{"Google", trace.SpanKindClient, request("storage.googleapis.com", 443), "storage@googleapis"},
		{"Google, region", trace.SpanKindClient, request("europe-north1-pubsub.googleapis.com", 443), "pubsub@googleapis"},
		{"Google, continent", trace.SpanKindClient, request("us-bigquery.googleapis.com", 443), "bigquery@googleapis"},
		{"Google, location", trace.SpanKindClient, request("storage.europe-north1.rep.googleapis.com", 443), "storage@googleapis"},
		{"Google, with a dash", trace.SpanKindClient, request("my-api.googleapis.com", 443), "my-api@googleapis"},
		{"Google, gRPC", trace.SpanKindClient, []attribute.KeyValue{attribute.String("rpc.system.name", "grpc"), attribute.String("server.address", "pubsub.googleapis.com")}, "pubsub@googleapis"},
		{"like Google", trace.SpanKindClient, request("evilgoogleapis.com", 443), ""},
		{"another service", trace.SpanKindClient, request("127.0.0.1", 8081), ""},
		{"no client", trace.SpanKindServer, request("127.0.0.1", 7164), ""},
		{"named", trace.SpanKindClient, append(request("127.0.0.1", 7164), attribute.String("peer.service", "mine")), "mine"},
		{"named by the newer key", trace.SpanKindClient, append(request("x", 1), attribute.String("service.peer.name", "mine")), "mine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			span := exported(t, tt.kind, tt.attrs, platform...)
			if got := attributeOf(span, "peer.service"); got != tt.want {
				t.Errorf("peer.service: got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNamesOfPeersAreNoNamesOfApplications checks the names that spor gives to databases and
// sidecars. An application must not be able to have such a name, because the database and the
// application would then be the same node of the service map.
func TestNamesOfPeersAreNoNamesOfApplications(t *testing.T) {
	// The pattern label matches a DNS label of RFC 1123. The pattern apm matches the names that
	// Nais APM shows completely. It does not match names with ":", because Nais APM cuts a name
	// at ":".
	label := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	apm := regexp.MustCompile(`^[a-zA-Z0-9._\-/ @]+$`)
	platform := []string{"NAIS_DATABASE_PENSJON_PENSJON_DATABASE", "pensjon"}
	var seen []*tracepb.Span
	for name := range map[string]bool{"pensjon": true, "": true, "a": true, "0": true, "orders-db": true} {
		for _, system := range []string{"postgresql", "mysql", "redis", "valkey", "microsoft.sql_server", ""} {
			attrs := []attribute.KeyValue{attribute.String("db.system.name", system), attribute.String("server.address", "127.0.0.1")}
			if name != "" {
				attrs = append(attrs, attribute.String("db.namespace", name))
			}
			seen = append(seen, exported(t, trace.SpanKindClient, attrs, platform...))
		}
	}
	for variable, port := range map[string]int{
		"NAIS_TOKEN_ENDPOINT": 1, "NAIS_TOKEN_EXCHANGE_ENDPOINT": 2, "NAIS_TOKEN_INTROSPECTION_ENDPOINT": 3, "ELECTOR_GET_URL": 4, "ELECTOR_SSE_URL": 5,
	} {
		seen = append(seen, exported(t, trace.SpanKindClient, []attribute.KeyValue{
			attribute.String("http.request.method", "POST"), attribute.String("server.address", "127.0.0.1"), attribute.Int("server.port", port),
		}, variable, "http://127.0.0.1:"+strconv.Itoa(port)+"/"))
	}
	for _, span := range seen {
		if got := attributeOf(span, "peer.service"); label.MatchString(got) || !apm.MatchString(got) {
			t.Errorf("peer.service: got %q for %v, want a name that no application has", got, span.GetAttributes())
		}
	}
}

func TestExportMasksEveryText(t *testing.T) {
	const number = "01017012345"
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_RESOURCE_ATTRIBUTES", "owner="+number)
	log := logLines(t)
	shutdown := mustStart(t, setup.WithResource(attribute.String("caller", number)))
	parent := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": sampledParent, "tracestate": "v=" + number})
	_, span := otel.Tracer("scope "+number, trace.WithInstrumentationAttributes(attribute.String("a", number))).Start(parent, "GET /users/"+number,
		trace.WithAttributes(
			attribute.String("db.query.text", "SELECT "+number),
			attribute.StringSlice("list", []string{"a", number}),
			attribute.String("json", `{"fnr":"\u0030`+number[1:]+`"}`),
			attribute.String("url.full", "https://x/?fnr=%30"+number[1:]+"&access_token=hunter2"),
			attribute.Map("map", attribute.String(number, number)),
			attribute.Slice("slice", attribute.StringValue(number)),
			attribute.ByteSlice("bytes", []byte("\xff"+number)),
		),
		trace.WithLinks(trace.Link{SpanContext: trace.SpanContextFromContext(parent), Attributes: []attribute.KeyValue{attribute.String("a", number)}}))
	span.AddEvent("event "+number, trace.WithAttributes(attribute.String("a", number)))
	span.RecordError(errors.New("no user 010170 12345 at https://u:hunter2@x/?token=hunter2"))
	span.SetStatus(codes.Error, "no user "+number)
	span.End()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := string(c.bytes) + log.String()
	for _, secret := range []string{number, number[1:], "010170 12345", "hunter2"} {
		if at := strings.Index(all, secret); at >= 0 {
			t.Errorf("%q was exported: %s", secret, all[max(0, at-80):at+20])
		}
	}
	if len(c.spans) != 1 || attributeOf(c.spans[0], "db.statement") != "SELECT ***********" {
		t.Errorf("db.statement: got %v", c.spans)
	}
}
