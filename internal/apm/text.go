package apm

import (
	"regexp"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/privacy"
)

type texts struct{ hits []hit }

type hit struct{ service, kind, place string }

func (t *texts) of(service string) texts {
	var own texts
	for _, h := range t.hits {
		if h.service == service {
			own.hits = append(own.hits, h)
		}
	}
	return own
}

func (t *texts) findings() []Finding {
	counts := map[Finding]int{}
	for _, h := range t.hits {
		cure := "do not record personal numbers; setup masks them in everything that it exports or logs"
		if h.kind == Secret {
			cure = "do not record secrets; setup redacts credentials in everything that it exports or logs"
		}
		counts[Finding{Kind: h.kind, Place: h.place, Cure: cure}]++
	}
	return sortedFindings(counts)
}

var secrets = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|(?i:\b(bearer|basic) [A-Za-z0-9+/._~-]{16,})`)

// The method look checks text. If the text contains a personal number or a secret, look records
// the place.
func (t *texts) look(service, place, text string) {
	if privacy.Found(text) {
		t.hits = append(t.hits, hit{service, PersonalNumber, place})
	}
	masked := privacy.Mask(text)
	if privacy.Text(masked) != masked || secrets.MatchString(text) {
		t.hits = append(t.hits, hit{service, Secret, place})
	}
}

func (t *texts) scope(service string, scope *commonpb.InstrumentationScope) {
	t.look(service, "scope name", scope.GetName())
	t.attributes(service, "scope "+privacy.Text(scope.GetName()), scope.GetAttributes())
}

func (t *texts) attributes(service, of string, attrs []*commonpb.KeyValue) {
	for _, a := range attrs {
		key := privacy.Text(a.GetKey())
		t.look(service, of+", key of an attribute", a.GetKey())
		t.value(service, of+", attribute "+key, a.GetValue())
	}
}

// If isPersonal is true, the method number records the place as a place with a personal number.
func (t *texts) number(service, place string, isPersonal bool) {
	if isPersonal {
		t.hits = append(t.hits, hit{service, PersonalNumber, place})
	}
}

// The method value checks the value v. If v contains other values, it checks them too.
func (t *texts) value(service, place string, v *commonpb.AnyValue) {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		t.look(service, place, v.StringValue)
	case *commonpb.AnyValue_BytesValue:
		t.look(service, place, string(v.BytesValue))
	case *commonpb.AnyValue_IntValue:
		t.number(service, place, privacy.Number(v.IntValue) && !privacy.Counts(place))
	case *commonpb.AnyValue_DoubleValue:
		t.number(service, place, privacy.Float(v.DoubleValue) && !privacy.Counts(place))
	case *commonpb.AnyValue_ArrayValue:
		for _, item := range v.ArrayValue.GetValues() {
			t.value(service, place, item)
		}
	case *commonpb.AnyValue_KvlistValue:
		t.attributes(service, place, v.KvlistValue.GetValues())
	}
}

func (t *texts) span(from *resource, s *tracepb.Span) {
	of := "span " + privacy.Text(s.GetName())
	service := from.service
	t.look(service, of+", its name", s.GetName())
	t.look(service, of+", trace state", s.GetTraceState())
	t.look(service, of+", status", s.GetStatus().GetMessage())
	t.attributes(service, of, s.GetAttributes())
	for _, e := range s.GetEvents() {
		event := of + ", event " + privacy.Text(e.GetName())
		t.look(service, event, e.GetName())
		t.attributes(service, event, e.GetAttributes())
	}
	for _, l := range s.GetLinks() {
		t.look(service, of+", trace state of a link", l.GetTraceState())
		t.attributes(service, of+", link", l.GetAttributes())
	}
}

func (t *texts) metric(from *resource, m *metricspb.Metric) {
	of := "metric " + privacy.Text(m.GetName())
	service := from.service
	t.look(service, of+", its name", m.GetName())
	t.look(service, of+", description", m.GetDescription())
	for _, attrs := range pointsOf(m) {
		t.attributes(service, of, attrs)
	}
}

func (t *texts) record(from *resource, l *logspb.LogRecord) {
	t.value(from.service, "log record over OTLP, body", l.GetBody())
	t.attributes(from.service, "log record over OTLP", l.GetAttributes())
}

// The method line checks one line of output. If the line is a JSON object, the place of a hit
// contains the name of the field.
func (t *texts) line(l *line) {
	service := l.resource.service
	if l.fields == nil {
		t.look(service, l.stream+", plain text", l.text)
		return
	}
	before := len(t.hits)
	for key, value := range l.fields {
		t.field(service, l.stream, key, value)
	}
	if len(t.hits) == before && privacy.Found(l.text) {
		t.hits = append(t.hits, hit{service, PersonalNumber, l.stream + ", a line"})
	}
}

func (t *texts) field(service, stream, key string, value any) {
	place := stream + ", field " + privacy.Text(key)
	t.look(service, stream+", key of a field", key)
	switch v := value.(type) {
	case string:
		t.look(service, place, v)
	case float64:
		t.number(service, place, privacy.Float(v) && !privacy.Counts(key))
	case []any:
		for _, item := range v {
			t.field(service, stream, key, item)
		}
	case map[string]any:
		for inner, item := range v {
			t.field(service, stream, strings.Join([]string{key, inner}, "."), item)
		}
	}
}
