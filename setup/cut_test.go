package setup_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/nais/spor/setup"
)

// cutLimit is the length limit for values in the tests of this file.
const cutLimit = 160

// cutSecrets are the texts that must not leave the process, not even in part.
var cutSecrets = map[string]struct {
	text   string // the text in which the secret is
	secret string // the decoded secret
}{
	"number":               {"01017012345", "01017012345"},
	"number with a space":  {"010170 12345", "01017012345"},
	"number in a list":     {"01017012345,01017012345;01017012345", "01017012345"},
	"no-break space":       {"010170\u00a012345", "01017012345"},
	"narrow space":         {"010170\u202f12345", "01017012345"},
	"encoded space":        {"010170%C2%A012345", "01017012345"},
	"encoded number":       {percentEncoded("01017012345", 1), "01017012345"},
	"often encoded number": {percentEncoded("01017012345", 5), "01017012345"},
	"JSON number":          {jsonEscaped("01017012345", `\`), "01017012345"},
	"JSON in JSON":         {jsonEscaped("01017012345", `\\\`), "01017012345"},
	"user":                 {"https://zqvkuser:zqvkwxqz@host/path", "zqvkuser:zqvkwxqz"},
	"encoded user":         {url.QueryEscape("https://zqvkuser:zqvkwxqz@host/path"), "zqvkuser:zqvkwxqz"},
	"slash in a password":  {"postgres://zqvkuser:zqv/kwxqz@host/path", "zqvkuser:zqv/kwxqz"},
	"code":                 {"/callback?code=zqvkwxjzqvkwxjzqvkwxj&n=1", "zqvkwxjzqvkwxjzqvkwxj"},
	"token":                {"/callback?token=zqvkwxj&n=1", "zqvkwxj"},
	"JWT":                  {cutJWT(12), cutJWT(12)},
	"long JWT":             {cutJWT(2000), cutJWT(2000)},
	"Bearer":               {"Bearer zqvkwxjzqvkwxjzqvkwxj", "zqvkwxjzqvkwxjzqvkwxj"},
	"Basic":                {"Basic enF2a3VzZXI6enF2a3d4cXo=", "enF2a3VzZXI6enF2a3d4cXo="},
	"JSON":                 {`{"access_token":"zqvkwxj"}`, "zqvkwxj"},
	"cookie":               {"Cookie: zqvk=wxjzqvkwxj", "zqvk=wxjzqvkwxj"},
}

func percentEncoded(text string, times int) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%s%02x", strings.Repeat("25", times-1), c)
	}
	return b.String()
}

func jsonEscaped(text, backslashes string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, `%su%04x`, backslashes, c)
	}
	return b.String()
}

// cutJWT returns a token with a body of n letters.
func cutJWT(n int) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"ZQVK","kid":"zqvkwxj"}`) + "." + part(`{"sub":"`+strings.Repeat("zqvkwxj", n/7+1)[:n]+`"}`) + "." + part("zqvkwxjzqvkwxj")
}

// leaked returns a part of secret that is in text, or "". A personal number leaks if six digits of
// it are in text. Every other secret leaks if four of its characters are in text.
func leaked(text, secret string) string {
	part := 4
	if strings.ContainsAny(text, `%\`) {
		text += decoded(text)
	}
	if secret[0] == '0' {
		part = 6
		text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "%C2%A0", "").Replace(text)
	}
	for i := 0; i+part <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+part]) {
			return secret[i : i+part]
		}
	}
	return ""
}

// decoded returns text without percent-encoding and without JSON escapes.
func decoded(text string) string {
	for strings.Contains(text, "%25") {
		text = strings.ReplaceAll(text, "%25", "%")
	}
	for strings.Contains(text, `\\`) {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	for c := ' '; c <= '@'; c++ { // digits and punctuation
		for _, form := range [...]string{"%%%02x", "%%%02X", `\u%04x`} {
			text = strings.ReplaceAll(text, fmt.Sprintf(form, c), string(c))
		}
	}
	return text
}

// eachCut calls each for every secret and for every place of the secret around the limit. The text
// ends after the secret, or is much longer.
func eachCut(each func(name, text, secret string)) {
	words := strings.Repeat("some words ", 150)
	for name, s := range cutSecrets {
		for start := max(1, cutLimit-min(len(s.text), 200)-1); start <= cutLimit; start += 1 + len(s.text)/50 {
			head := words[:start-1] + " "
			each(name, head+s.text, s.secret)
			each(name, head+s.text+" "+words, s.secret)
		}
	}
}

// flushProvider exports what has ended so far. Otherwise the queue would be full.
func flushProvider(t *testing.T, provider any) {
	t.Helper()
	if err := provider.(interface{ ForceFlush(context.Context) error }).ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func valueTexts(v *commonpb.AnyValue) (texts []string) {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return []string{v.StringValue}
	case *commonpb.AnyValue_BytesValue:
		return []string{string(v.BytesValue)}
	case *commonpb.AnyValue_ArrayValue:
		for _, e := range v.ArrayValue.GetValues() {
			texts = append(texts, valueTexts(e)...)
		}
	case *commonpb.AnyValue_KvlistValue:
		for _, e := range v.KvlistValue.GetValues() {
			texts = append(texts, valueTexts(e.GetValue())...)
		}
	}
	return texts
}

// A leakReport collects the first leak of every signal and kind of secret.
type leakReport struct {
	t    *testing.T
	seen map[string]bool
}

func (r *leakReport) check(signal, name, text, secret string) {
	part := leaked(text, secret)
	if place := signal + " " + name; part != "" && !r.seen[place] {
		r.seen[place] = true
		r.t.Errorf("%-22s %-22s %q leaves: ...%s", signal, name, part, text[max(0, len(text)-60):])
	}
}

// attributes checks attributes whose values are all made from one text.
func (r *leakReport) attributes(signal, name string, attrs []*commonpb.KeyValue, secret string, limit int) {
	for _, a := range attrs {
		for _, text := range valueTexts(a.GetValue()) {
			r.check(signal+" "+a.GetKey(), name, text, secret)
			if n := utf8.RuneCountInString(text); limit > 0 && n > limit && !r.seen[signal+a.GetKey()] {
				r.seen[signal+a.GetKey()] = true
				r.t.Errorf("%s %s: got %d characters, want %d at most", signal, a.GetKey(), n, limit)
			}
		}
	}
}

// cutAttributes returns text as an attribute of every type that contains text.
func cutAttributes(text string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("text", text),
		attribute.StringSlice("list", []string{"x", text}),
		attribute.Slice("values", attribute.StringValue(text), attribute.IntValue(1)),
		attribute.Map("map", attribute.String("k", text)),
		attribute.ByteSlice("bytes", []byte(text)),
	}
}

// TestNoPartOfASecretLeavesInSpans puts a personal number or a credential at every place around
// the limit.
func TestNoPartOfASecretLeavesInSpans(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_METRICS_EXPORTER", "none",
		"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", strconv.Itoa(cutLimit))
	logLines(t)
	shutdown := mustStart(t)
	type sample struct{ name, secret string }
	var samples []sample
	eachCut(func(name, text, secret string) {
		_, span := otel.Tracer("test").Start(t.Context(), strconv.Itoa(len(samples)), trace.WithAttributes(attribute.String("start", text)))
		samples = append(samples, sample{name, secret})
		span.SetAttributes(cutAttributes(text)...)
		span.AddEvent(text, trace.WithAttributes(cutAttributes(text)...))
		span.AddLink(trace.Link{SpanContext: trace.SpanContextFromContext(remote(sampledParent)), Attributes: cutAttributes(text)})
		span.RecordError(errors.New(text), trace.WithStackTrace(true))
		span.SetStatus(codes.Error, text)
		span.End()
		if len(samples)%200 == 0 {
			flushProvider(t, otel.GetTracerProvider())
		}
	})
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := c.count(); got != len(samples) {
		t.Fatalf("spans: got %d, want %d", got, len(samples))
	}
	r := &leakReport{t, map[string]bool{}}
	for _, s := range c.spans {
		i, err := strconv.Atoi(s.GetName())
		if err != nil {
			t.Fatal(err)
		}
		name, secret := samples[i].name, samples[i].secret
		r.attributes("span", name, s.GetAttributes(), secret, cutLimit)
		for _, e := range s.GetEvents() {
			r.check("event name", name, e.GetName(), secret)
			r.attributes("event", name, e.GetAttributes(), secret, 0)
		}
		r.attributes("link", name, s.GetLinks()[0].GetAttributes(), secret, 0)
		r.check("status", name, s.GetStatus().GetMessage(), secret)
	}
}

// TestExportedLengths checks the number of characters of texts without a secret.
func TestExportedLengths(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_METRICS_EXPORTER", "none",
		"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", strconv.Itoa(cutLimit))
	logLines(t)
	shutdown := mustStart(t)
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	want := map[string]int{}
	for _, n := range []int{0, 1, cutLimit - 1, cutLimit, cutLimit + 1, cutLimit + 1023, cutLimit + 1024, cutLimit + 1025, 1 << 20} {
		span.SetAttributes(attribute.String("narrow."+strconv.Itoa(n), strings.Repeat("x", n)),
			attribute.String("wide."+strconv.Itoa(n), strings.Repeat("æ", n)),
			attribute.ByteSlice("bytes."+strconv.Itoa(n), []byte(strings.Repeat("x", n))))
		for _, kind := range []string{"narrow.", "wide.", "bytes."} {
			want[kind+strconv.Itoa(n)] = min(n, cutLimit)
		}
	}
	long := strings.Repeat("x", 2*cutLimit)
	span.SetAttributes(attribute.String("http.request.method", long)) // has a twin
	want["http.request.method"], want["http.method"] = cutLimit, cutLimit
	span.AddEvent("e", trace.WithAttributes(attribute.String("k", long)))
	span.End()
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, a := range c.spans[0].GetAttributes() {
		got[a.GetKey()] = utf8.RuneCountInString(valueTexts(a.GetValue())[0])
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := len(c.spans[0].GetEvents()[0].GetAttributes()[0].GetValue().GetStringValue()); n != 2*cutLimit {
		t.Errorf("event: got %d characters, want all", n)
	}
}

// TestNoPartOfASecretLeavesInLogRecords does the same for log records, with both variables that
// limit their values.
func TestNoPartOfASecretLeavesInLogRecords(t *testing.T) {
	for _, variable := range []string{"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"} {
		t.Run(variable, func(t *testing.T) {
			c := listenForLogs(t)
			provider := otel.GetLoggerProvider()
			t.Cleanup(func() { otel.SetLoggerProvider(provider) })
			environment(t, "OTEL_LOGS_EXPORTER", "otlp", "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none",
				"OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), variable, strconv.Itoa(cutLimit))
			logLines(t)
			shutdown := mustStart(t)
			logger := slog.New(setup.LogHandler(io.Discard, nil))
			type sample struct{ name, secret string }
			var samples []sample
			eachCut(func(name, text, secret string) {
				var r log.Record
				r.SetEventName(strconv.Itoa(len(samples)))
				samples = append(samples, sample{name, secret})
				r.SetBody(attribute.StringValue(text))
				r.AddAttributes(cutAttributes(text)...)
				otel.GetLoggerProvider().Logger("test").Emit(t.Context(), r)
				logger.Error(text, "index", strconv.Itoa(len(samples)-1), "text", text, "list", []string{text}, "error", errors.New(text))
				if len(samples)%200 == 0 {
					flushProvider(t, otel.GetLoggerProvider())
				}
			})
			if err := shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := len(c.all()); got != 2*len(samples) {
				t.Fatalf("records: got %d, want %d", got, 2*len(samples))
			}
			r := &leakReport{t, map[string]bool{}}
			for _, record := range c.all() {
				signal, index := "record", record.GetEventName()
				if index == "" {
					signal, index = "slog", texts(record.GetAttributes())["index"]
				}
				i, err := strconv.Atoi(index)
				if err != nil {
					t.Fatal(err)
				}
				r.check(signal+" body", samples[i].name, record.GetBody().GetStringValue(), samples[i].secret)
				r.attributes(signal, samples[i].name, record.GetAttributes(), samples[i].secret, cutLimit)
			}
		})
	}
}

// TestNoPartOfASecretLeavesInMetrics does the same for metrics, whose attributes are never cut.
func TestNoPartOfASecretLeavesInMetrics(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_TRACES_EXPORTER", "none",
		"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", strconv.Itoa(cutLimit), "OTEL_METRICS_EXEMPLAR_FILTER", "always_on")
	logLines(t)
	shutdown := mustStart(t)
	names := map[string]bool{}
	for name, s := range cutSecrets {
		counter, err := otel.Meter("test").Int64Counter("n." + strings.ReplaceAll(name, " ", "."))
		if err != nil {
			t.Fatal(err)
		}
		names["n."+strings.ReplaceAll(name, " ", ".")] = true
		for _, start := range []int{1, 127 - len(s.text), 127, cutLimit - 5} {
			text := strings.Repeat(" ", max(1, start)) + s.text
			counter.Add(t.Context(), 1, metric.WithAttributes(attribute.String("text", text), attribute.StringSlice("list", []string{text})))
		}
	}
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := &leakReport{t, map[string]bool{}}
	for name, s := range cutSecrets {
		m := c.metric("n." + strings.ReplaceAll(name, " ", "."))
		if m == nil {
			t.Fatalf("%s: no metric", name)
		}
		for _, p := range m.GetSum().GetDataPoints() {
			r.attributes("metric", name, p.GetAttributes(), s.secret, 0)
			for _, e := range p.GetExemplars() {
				r.attributes("exemplar", name, e.GetFilteredAttributes(), s.secret, 0)
			}
		}
	}
}
