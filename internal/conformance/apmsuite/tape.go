package apmsuite

import (
	"encoding/json"
	"slices"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
)

// tape is a copy of a recording. The mutations change the copy.
type tape struct {
	requests []recording.Request
	changed  bool
}

func newTape(requests []recording.Request) *tape {
	t := &tape{}
	for _, r := range requests {
		t.requests = append(t.requests, recording.Request{
			Traces: proto.CloneOf(r.Traces), Metrics: proto.CloneOf(r.Metrics), Logs: proto.CloneOf(r.Logs),
		})
	}
	return t
}

func (t *tape) spans(which func(*tracepb.Span) bool, change func(*tracepb.Span)) {
	for _, r := range t.requests {
		for _, rs := range r.Traces.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					if which(s) {
						before := proto.CloneOf(s)
						change(s)
						t.changed = t.changed || !proto.Equal(before, s)
					}
				}
			}
		}
	}
}

func (t *tape) keep(which func(*tracepb.Span) bool) {
	for _, r := range t.requests {
		for _, rs := range r.Traces.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				ss.Spans = slices.DeleteFunc(ss.Spans, func(s *tracepb.Span) bool { return !which(s) })
				t.changed = true
			}
		}
	}
}

func (t *tape) drop(which func(*tracepb.Span) bool, keys ...string) {
	t.spans(which, func(s *tracepb.Span) { s.Attributes = without(s.GetAttributes(), keys...) })
}

// For each span that the filter accepts, orphan removes the parent and sets a new trace ID.
func (t *tape) orphan(which func(*tracepb.Span) bool) {
	n := byte(0)
	t.spans(which, func(s *tracepb.Span) {
		n++
		s.ParentSpanId = nil
		s.TraceId = slices.Concat([]byte{0xff, n}, s.GetTraceId()[2:])
	})
}

func (t *tape) dropResource(key string) {
	change := func(r *resourcepb.Resource) {
		if r == nil {
			return
		}
		before := len(r.GetAttributes())
		r.Attributes = without(r.GetAttributes(), key)
		t.changed = t.changed || len(r.GetAttributes()) != before
	}
	for _, r := range t.requests {
		for _, rs := range r.Traces.GetResourceSpans() {
			change(rs.GetResource())
		}
		for _, rm := range r.Metrics.GetResourceMetrics() {
			change(rm.GetResource())
		}
	}
}

func (t *tape) scopes(do func(*metricspb.ScopeMetrics)) {
	for _, r := range t.requests {
		for _, rm := range r.Metrics.GetResourceMetrics() {
			for _, sm := range rm.GetScopeMetrics() {
				do(sm)
			}
		}
	}
}

func (t *tape) dropMetric(prefix string) {
	t.scopes(func(sm *metricspb.ScopeMetrics) {
		before := len(sm.GetMetrics())
		sm.Metrics = slices.DeleteFunc(sm.GetMetrics(), func(m *metricspb.Metric) bool { return strings.HasPrefix(m.GetName(), prefix) })
		t.changed = t.changed || len(sm.GetMetrics()) != before
	})
}

func (t *tape) unit(name, unit string) {
	t.scopes(func(sm *metricspb.ScopeMetrics) {
		for _, m := range sm.GetMetrics() {
			if m.GetName() == name {
				m.Unit, t.changed = unit, true
			}
		}
	})
}

func (t *tape) dropLabel(name, key string) {
	t.scopes(func(sm *metricspb.ScopeMetrics) {
		for _, m := range sm.GetMetrics() {
			if m.GetName() != name {
				continue
			}
			for _, p := range slices.Concat(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()) {
				p.Attributes, t.changed = without(p.GetAttributes(), key), true
			}
		}
	})
}

// text changes the text of every log line. A line with an empty text counts as removed.
func (t *tape) text(change func(string) string) {
	for _, r := range t.requests {
		for _, rl := range r.Logs.GetResourceLogs() {
			for _, sl := range rl.GetScopeLogs() {
				for _, l := range sl.GetLogRecords() {
					t.changeText(l, change)
				}
			}
		}
	}
}

func (t *tape) changeText(l *logspb.LogRecord, change func(string) string) {
	before := l.GetBody().GetStringValue()
	after := change(before)
	l.Body = otlpattr.StringValue(after)
	t.changed = t.changed || before != after
}

// lines changes the fields of every log line that is JSON.
func (t *tape) lines(change func(map[string]any)) {
	t.text(func(before string) string {
		var fields map[string]any
		if json.Unmarshal([]byte(before), &fields) != nil {
			return before
		}
		change(fields)
		after, err := json.Marshal(fields)
		if err != nil {
			return before
		}
		return string(after)
	})
}

func without(attrs []*commonpb.KeyValue, keys ...string) []*commonpb.KeyValue {
	return slices.DeleteFunc(attrs, func(a *commonpb.KeyValue) bool { return slices.Contains(keys, a.GetKey()) })
}

func set(s *tracepb.Span, key, value string) {
	s.Attributes = append(without(s.GetAttributes(), key), otlpattr.String(key, value))
}

func has(s *tracepb.Span, key string) bool { return otlpattr.First(s.GetAttributes(), key) != "" }

func fail(s *tracepb.Span) { s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR} }

func every(*tracepb.Span) bool      { return true }
func isServer(s *tracepb.Span) bool { return s.GetKind() == tracepb.Span_SPAN_KIND_SERVER }
func isRPC(s *tracepb.Span) bool    { return has(s, "rpc.system") }
func isHTTPServer(s *tracepb.Span) bool {
	return isServer(s) && has(s, "http.request.method")
}

func isHTTPClient(s *tracepb.Span) bool {
	return s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT && has(s, "http.request.method")
}

func isCall(s *tracepb.Span) bool {
	return s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT && (isRPC(s) || isHTTPClient(s))
}
func isRPCServer(s *tracepb.Span) bool { return isServer(s) && isRPC(s) }
func isDatabase(s *tracepb.Span) bool  { return has(s, "db.system.name") }
func isMessaging(s *tracepb.Span) bool { return has(s, "messaging.system") }
func isConsumer(s *tracepb.Span) bool {
	return isMessaging(s) && s.GetKind() == tracepb.Span_SPAN_KIND_CONSUMER
}
