// Package apmsuite tests the rules of package apm. Each panel of Nais APM needs certain
// data. In a copy of a recording, each test removes or changes data that one panel needs.
// Package apm must then report that this panel is dark, which means that data for the panel
// is missing.
package apmsuite

import (
	"slices"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
)

// mutation changes a recording so that something that a panel needs is missing or wrong.
type mutation struct {
	panel string
	what  string // the thing that the panel needs
	cure  string // text that one of the reported cures must contain
	do    func(*tape)
}

// Each constant is a part of a cure. A cure is a text that describes how to fix a dark
// panel.
const (
	cureDialect = "export with setup, which adds the older names"
	cureHTTP    = "httptrace.Handler(mux)"
	cureRPC     = "grpctrace.NewServer"
	cureSQL     = "sqltrace.Open"
	cureKafka   = "kgotrace"
	cureRuntime = "client_golang's names"
	cureLog     = "setup.LogHandler(os.Stdout, nil)"
	cureErrors  = "log the error or the panic once"
)

var mutations = []mutation{
	{"Service inventory", "telemetry.sdk.language", "resource.WithTelemetrySDK", func(t *tape) { t.dropResource("telemetry.sdk.language") }},
	{"Service inventory", "service.namespace", "OTEL_RESOURCE_ATTRIBUTES", func(t *tape) { t.dropResource("service.namespace") }},
	{"Service inventory", "spans", "sample and export the spans", func(t *tape) { t.keep(func(*tracepb.Span) bool { return false }) }},
	{"Overview", "errors", "a 5xx is an error", func(t *tape) {
		t.spans(isServer, func(s *tracepb.Span) { s.Status = nil })
	}},
	{"Overview", "a 404 that is none", "a 4xx is not", func(t *tape) {
		t.spans(func(s *tracepb.Span) bool {
			return otlpattr.First(s.GetAttributes(), "http.response.status_code") == "404"
		}, fail)
	}},
	{"Attention", "names without ids", "route template", func(t *tape) {
		t.spans(isServer, func(s *tracepb.Span) { s.Name += "/1234567" })
	}},
	{"Operations: HTTP", "routes", cureHTTP, func(t *tape) {
		t.spans(isHTTPServer, func(s *tracepb.Span) { s.Name, _, _ = strings.Cut(s.GetName(), " ") })
	}},
	{"Operations: HTTP", "methods", cureHTTP, func(t *tape) {
		t.spans(isHTTPServer, func(s *tracepb.Span) { _, s.Name, _ = strings.Cut(s.GetName(), " ") })
	}},
	{"Operations: outbound", "the method", "httptrace.Transport", func(t *tape) {
		t.spans(isHTTPClient, func(s *tracepb.Span) { s.Name = "HTTP " + s.GetName() })
	}},
	{"Operations: gRPC", "rpc.service", cureRPC, func(t *tape) { t.drop(every, "rpc.service") }},
	{"Operations: gRPC", "rpc.system", cureDialect, func(t *tape) { t.drop(every, "rpc.system") }},
	{"Operations: gRPC", "short methods", cureDialect, func(t *tape) {
		t.spans(isRPC, func(s *tracepb.Span) { set(s, "rpc.method", s.GetName()) })
	}},
	{"Operations: database", "db.system", cureDialect, func(t *tape) { t.drop(every, "db.system") }},
	{"Operations: database", "CLIENT", cureSQL, func(t *tape) {
		t.spans(isDatabase, func(s *tracepb.Span) { s.Kind = tracepb.Span_SPAN_KIND_INTERNAL })
	}},
	{"Operations: database", "names", cureSQL, func(t *tape) {
		t.spans(isDatabase, func(s *tracepb.Span) { s.Name = "sql.conn.query" })
	}},
	{"Operations: messaging", "names", cureKafka, func(t *tape) {
		t.spans(isMessaging, func(s *tracepb.Span) { s.Name = "kafka" })
	}},
	{"Operations: messaging", "kinds", cureKafka, func(t *tape) {
		t.spans(isMessaging, func(s *tracepb.Span) { s.Kind = tracepb.Span_SPAN_KIND_INTERNAL })
	}},
	{"Dependencies and service map", "db.system and db.name", cureDialect, func(t *tape) { t.drop(every, "db.system", "db.name") }},
	{"Dependencies and service map", "server.address", "server.address", func(t *tape) { t.drop(isCall, "server.address") }},
	{"Dependencies and service map", "propagation", "propagate W3C", func(t *tape) { t.orphan(isRPCServer) }},
	{"Dependencies and service map", "the consumer's parent", "must be the child", func(t *tape) { t.orphan(isConsumer) }},
	{"Dependency detail", "db.name", cureDialect, func(t *tape) {
		t.drop(every, "db.name")
		t.spans(isDatabase, func(s *tracepb.Span) { // an embedded database needs no name
			set(s, "db.system", "postgresql")
			set(s, "db.system.name", "postgresql")
		})
	}},
	{"Dependency detail", "db.operation", cureDialect, func(t *tape) { t.drop(every, "db.operation") }},
	{"Dependency detail", "the topic", cureKafka, func(t *tape) { t.drop(every, "messaging.destination.name") }},
	{"Database: rate and errors", "db.system", cureDialect, func(t *tape) { t.drop(every, "db.system") }},
	{"Database: rate and errors", "server.address", cureSQL, func(t *tape) {
		t.drop(isDatabase, "server.address")
		t.spans(isDatabase, func(s *tracepb.Span) { // an embedded database needs no address
			set(s, "db.system", "postgresql")
			set(s, "db.system.name", "postgresql")
		})
	}},
	{"Database: traces", "db.system", cureDialect, func(t *tape) { t.drop(every, "db.system") }},
	{"Database: top queries", "db.statement", cureDialect, func(t *tape) { t.drop(every, "db.statement") }},
	{"Database: top queries", "db.sql.table", cureDialect, func(t *tape) { t.drop(every, "db.sql.table") }},
	{"Database: N+1", "the request's context", "pass the request's context", func(t *tape) { t.orphan(isDatabase) }},
	{"Database: N+1", "db.statement", cureDialect, func(t *tape) { t.drop(every, "db.statement") }},
	{"Database: pool health", "usage", "keep the pool open", func(t *tape) { t.dropMetric("db.client.connections.usage") }},
	{"Database: pool health", "the plural family", cureSQL, func(t *tape) { t.dropMetric("db.client.connections.") }},
	{"Database: pool health", "pool.name", "keep the pool open", func(t *tape) { t.dropLabel("db.client.connections.usage", "pool.name") }},
	{"Database: acquisition P95", "create_time", cureSQL, func(t *tape) { t.dropMetric("db.client.connections.create_time") }},
	{"Database: acquisition P95", "milliseconds", cureSQL, func(t *tape) { t.unit("db.client.connections.create_time", "s") }},
	{"Runtime: Go card", "goroutines", cureRuntime, func(t *tape) { t.dropMetric("go_goroutines") }},
	{"Runtime: Go card", "cpu", cureRuntime, func(t *tape) { t.dropMetric("process_cpu_seconds_total") }},
	{"Runtime: Go card", "collections", cureRuntime, func(t *tape) { t.dropMetric("go_gc_duration_seconds") }},
	{"Runtime: Go card", "the version", cureRuntime, func(t *tape) { t.dropLabel("go_info", "version") }},
	{"Runtime: Go card", "a unit of 1", cureRuntime, func(t *tape) { t.unit("go_goroutines", "1") }}, // with the unit 1, Mimir adds _ratio to the name
	{"Runtime: Go card", "service.instance.id", "NAIS_POD_NAME", func(t *tape) { t.dropResource("service.instance.id") }},
	{"Runtime: Kafka card", "sent", cureKafka, func(t *tape) { t.dropMetric("kafka.producer.records_sent_total") }},
	{"Runtime: Kafka card", "consumed", cureKafka, func(t *tape) { t.dropMetric("kafka.consumer.records_consumed_total") }},
	{"Runtime: Kafka card", "lag", cureKafka, func(t *tape) { t.dropMetric("kafka.consumer.records_lag_max") }},
	{"Traces", "http.route", cureHTTP, func(t *tape) { t.drop(every, "http.route") }},
	{"Trace breakdowns", "http.status_code", cureDialect, func(t *tape) { t.drop(every, "http.status_code") }},
	{"Trace breakdowns", "db.operation", cureDialect, func(t *tape) { t.drop(every, "db.operation") }},
	{"Trace breakdowns", "messaging.system", cureKafka, func(t *tape) { t.drop(every, "messaging.system") }},
	{"Trace breakdowns", "rpc.method", cureRPC, func(t *tape) { t.drop(every, "rpc.method") }},
	{"Logs", "JSON", cureLog, func(t *tape) { t.text(func(text string) string { return "INFO " + text }) }},
	{"Logs", "exact levels", cureLog, func(t *tape) {
		t.lines(func(l map[string]any) { l["level"] = "warning" })
	}},
	{"Logs", "message", cureLog, func(t *tape) { t.lines(func(l map[string]any) { delete(l, "message") }) }},
	{"Logs of a trace", "trace_id", "slog.InfoContext", func(t *tape) { t.lines(func(l map[string]any) { delete(l, "trace_id") }) }},
	{"Logs of a trace", "span_id", "slog.InfoContext", func(t *tape) { t.lines(func(l map[string]any) { delete(l, "span_id") }) }},
	{"Logs of a trace", "the top level", "slog.InfoContext", func(t *tape) {
		t.lines(func(l map[string]any) {
			l["group"] = map[string]any{"trace_id": l["trace_id"], "span_id": l["span_id"]}
			delete(l, "trace_id")
			delete(l, "span_id")
		})
	}},
	{"Issues", "level error", cureErrors, func(t *tape) {
		t.lines(func(l map[string]any) {
			if l["level"] == "ERROR" {
				l["level"] = "ERROR+4"
			}
		})
	}},
	{"Issues", "the line", cureErrors, func(t *tape) {
		t.text(func(text string) string {
			if strings.Contains(text, `"ERROR"`) {
				return ""
			}
			return text
		})
	}},
	{"Issues", "stack_trace", cureErrors, func(t *tape) { t.lines(func(l map[string]any) { delete(l, "stack_trace") }) }},
	{"Issues", "a stable message", "literal message", func(t *tape) {
		t.lines(func(l map[string]any) {
			if l["level"] == "ERROR" {
				l["message"] = "order 1234567 failed"
			}
		})
	}},
	{"Observability checks", "runtime metrics", cureRuntime, func(t *tape) { t.dropMetric("") }},
	{"Observability checks", "lines", "log at least one line", func(t *tape) { t.text(func(string) string { return "" }) }},
	{"Noise", "silence", "use httptrace and grpctrace: they start no spans", func(t *tape) {
		t.spans(isHTTPServer, func(s *tracepb.Span) {
			s.Name = "GET /internal/isAlive"
			set(s, "http.route", "/internal/isAlive")
		})
	}},
	{"Team Logs", "the separation", "only through setup.LogHandler", func(t *tape) {
		t.lines(func(l map[string]any) { l["marker"] = "TEAM_LOGS" })
	}},
}

// Run tests a recording of one service. A panel is lit if the recording contains all data
// that the panel needs. Every panel must be lit, except the panels in notUsed. The state of
// the panels in notUsed must be "not used". Run then applies each mutation to a copy of the
// recording, unless the panel of the mutation is in notUsed. After the mutation, the panel
// must be dark, and the expected cure must be reported.
func Run(t *testing.T, requests []recording.Request, notUsed ...string) {
	t.Helper()
	notUsed = append(notUsed, "Team Logs") // the panel Team Logs is used only if log records are wrong
	report := judge(t, requests)
	for _, v := range report.Panels {
		want := apm.Lit
		if slices.Contains(notUsed, v.Panel) {
			want = apm.NotUsed
		}
		if v.State != want {
			t.Errorf("%s: got %s, %s, want %s; cures %q", v.Panel, v.State, v.Evidence, want, v.Cures)
		}
	}
	for _, f := range report.Findings {
		t.Errorf("found: %+v", f)
	}
	tried := map[string]bool{"Team Logs": true}
	for _, m := range mutations {
		if slices.Contains(notUsed, m.panel) && m.panel != "Team Logs" {
			continue
		}
		t.Run(m.panel+", without "+m.what, func(t *testing.T) {
			tape := newTape(requests)
			m.do(tape)
			if !tape.changed {
				t.Skip("the recording has nothing to remove")
			}
			v, _ := judge(t, tape.requests).Panel(m.panel)
			if v.State != apm.Dark || !slices.ContainsFunc(v.Cures, func(cure string) bool { return strings.Contains(cure, m.cure) }) {
				t.Errorf("got %s, %s, cures %q; want it dark, with a cure that contains %q", v.State, v.Evidence, v.Cures, m.cure)
			}
			tried[m.panel] = true
		})
	}
	for _, name := range apm.Panels() {
		if !tried[name] && !slices.Contains(notUsed, name) {
			t.Errorf("%s: no mutation was tried", name)
		}
	}
}

func judge(t *testing.T, requests []recording.Request) apm.Report {
	t.Helper()
	var r apm.Recording
	for _, request := range requests {
		r.Add(request)
	}
	reports := r.Judge()
	if len(reports) != 1 {
		t.Fatalf("got %d services, want 1: %v", len(reports), r.Services())
	}
	return reports[0]
}
