package setup_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/nais/spor/internal/oteltest"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrtrace"
	"github.com/nais/spor/setup/logrustrace"
	"github.com/nais/spor/setup/zaptrace"
	"github.com/nais/spor/setup/zerologtrace"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.aHVudGVyMg"

var credentialNames = []string{
	"token", "password", "secret", "authorization", "access_token", "clientSecret", "X-Api-Key", "http.request.header.cookie",
}

// credentialTexts contains texts that contain a credential. Package setup recognizes the
// credential by its format, or by the name before the credential.
var credentialTexts = []string{
	jwt, "Bearer hunter2", "Basic dXNlcjpodW50ZXIy", `{"access_token":"hunter2"}`, `{"a":"{\"password\":\"hunter2\"}"}`,
	"Authorization: Bearer " + jwt, "Cookie: sid=hunter2", "https://u:hunter2@h/?token=hunter2",
	fmt.Sprint(http.Header{"Authorization": {"Digest hunter2"}}), fmt.Sprintf("%+v", struct{ Token string }{"hunter2"}),
}

// mustHide checks the text in the parameter written. If the text contains a credential, or if
// it does not contain REDACTED, mustHide fails the test.
func mustHide(t *testing.T, where, written string) {
	t.Helper()
	for _, part := range []string{"hunter2", "aHVudGVyMg", "odW50ZXIy"} {
		if at := strings.Index(written, part); at >= 0 {
			t.Errorf("%s: %q was written: %s", where, part, written[max(0, at-120):min(len(written), at+40)])
		}
	}
	if !strings.Contains(written, "REDACTED") {
		t.Errorf("%s: nothing is redacted in %.200s", where, written)
	}
}

// useful contains attributes that are not credentials. Their names are similar to the names of
// credentials, but the attributes must not be redacted.
var useful = []attribute.KeyValue{
	attribute.Int("tokens_used", 517), attribute.String("token_type", "type-517"), attribute.String("auth", "auth-517"),
	attribute.String("message.key", "key-517"), attribute.Int("token", 517001), attribute.String("error", "invalid token: it has expired 517"),
}

func mustKeep(t *testing.T, where, written string) {
	t.Helper()
	for _, part := range []string{"517", "type-517", "auth-517", "key-517", "517001", "invalid token: it has expired 517"} {
		if !strings.Contains(written, part) {
			t.Errorf("%s: %q is lost in %.500s", where, part, written)
		}
	}
}

func TestSpansHaveNoCredentials(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	shutdown := mustStart(t)
	var attrs []attribute.KeyValue
	for _, name := range credentialNames {
		attrs = append(attrs, attribute.String(name, "hunter2"), attribute.StringSlice("list."+name, []string{"hunter2", ""}),
			attribute.ByteSlice("bytes."+name, []byte("hunter2")), attribute.Slice("slice."+name, attribute.StringValue("hunter2")),
			attribute.Map("map."+name, attribute.String("value", "hunter2")), attribute.Map("outer", attribute.String(name, "hunter2")))
	}
	for i, text := range credentialTexts {
		attrs = append(attrs, attribute.String(fmt.Sprint("text", i), text), attribute.StringSlice(fmt.Sprint("texts", i), []string{text}))
	}
	attrs = append(attrs, useful...)
	_, span := otel.Tracer("scope", trace.WithInstrumentationAttributes(attribute.String("token", "hunter2"))).Start(t.Context(), "work",
		trace.WithAttributes(attrs...), trace.WithLinks(trace.Link{Attributes: attrs}))
	span.AddEvent("event", trace.WithAttributes(attrs...))
	span.RecordError(errors.New(credentialTexts[3]))
	span.End()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustHide(t, "span", string(c.bytes))
	mustKeep(t, "span", string(c.bytes))
	// If several attributes have the same key, the last attribute is exported.
	if got := attributeOf(c.spans[0], "token"); got != "517001" {
		t.Errorf("token: got %q, want the number", got)
	}
}

func TestLogsHaveNoCredentials(t *testing.T) {
	c := listenForLogs(t)
	shutdown := exportLogs(t, c.Endpoint())
	var out bytes.Buffer
	log := slog.New(setup.LogHandler(&out, nil))
	fields := map[string]any{}
	for _, name := range credentialNames {
		log.Info("m", name, "hunter2", "group", slog.GroupValue(slog.String(name, "hunter2")), "map", map[string]any{name: []string{"hunter2"}})
		log.With(name, "hunter2").WithGroup(name).Info("m", "a", map[string]string{name: "hunter2"})
		fields[name] = "hunter2"
	}
	for _, text := range credentialTexts {
		log.Info(text, "text", text, "error", errors.New(text), "list", []string{text})
		fields["text"] = text
		logTo(&out, text, fields)
	}
	log.Info("m", "headers", http.Header{"Authorization": {"Bearer " + jwt}, "Cookie": {"sid=hunter2"}, "Set-Cookie": {"sid=hunter2; Path=/"}},
		"oauth", struct{ AccessToken, TokenType string }{"hunter2", "Bearer"})
	for _, a := range useful {
		log.Info("m", string(a.Key), a.Value.AsInterface())
		logTo(&out, "m", map[string]any{string(a.Key): a.Value.AsInterface()})
	}
	mustHide(t, "log", out.String())
	mustKeep(t, "log", out.String())
	oteltest.ParseLines(t, out.String())
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	records := fmt.Sprint(c.all())
	mustHide(t, "OTLP", records)
	mustKeep(t, "OTLP", records)
}

// logTo logs with each logger that has an adapter.
func logTo(out *bytes.Buffer, message string, fields map[string]any) {
	var zapFields []zap.Field
	var pairs []any
	for key, value := range fields {
		zapFields, pairs = append(zapFields, zap.Any(key, value)), append(pairs, key, value)
	}
	logrusTo(out).WithFields(fields).Info(message)
	object := zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
		for _, field := range zapFields {
			field.AddTo(enc)
		}
		return nil
	})
	zap.New(zaptrace.Core(out, nil)).With(zap.Object("object", object)).Info(message, zapFields...)
	events := zerologtrace.Logger(out)
	events.Info().Fields(fields).Dict("dict", zerolog.Dict().Fields(fields)).Msg(message)
	logrtrace.Logger(setup.LogHandler(out, nil)).Info(message, pairs...)
}

func logrusTo(out *bytes.Buffer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(out)
	log.SetFormatter(logrustrace.Formatter())
	return log
}

func TestMetricsHaveNoCredentials(t *testing.T) {
	label := attribute.String("client_secret", "hunter2")
	c := pushed(t, func(m metric.Meter) { count(t, m, "orders", label) }, nil)
	mustHide(t, "push", string(c.bytes))
	environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_TRACES_EXPORTER", "none")
	logLines(t)
	mustStart(t)
	count(t, otel.Meter("test"), "orders", label)
	_, page := get(setup.MetricsHandler())
	mustHide(t, "scrape", page)
}
