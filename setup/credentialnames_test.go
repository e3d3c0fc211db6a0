package setup_test

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/setup"
)

// TestCredentialNamesWorkInEveryPlace checks the names of WithCredentialNames in all places of
// docs/privacy.md.
func TestCredentialNamesWorkInEveryPlace(t *testing.T) {
	var samples []sample
	for _, name := range []string{"session_key", "X-Session-Key", "my.sessionKey2", "pinkode", "PIN-KODE", "http.request.header.nøkkel", "NØKKEL", "token"} {
		samples = append(samples, sample{form: "name", column: "name", name: name, in: "hunter2", masked: "REDACTED", secret: "hunter2"})
	}
	for _, text := range []string{
		`{"session_key":"hunter2"}`, `{"a":"{\"Nøkkel\":[\"hunter2\"]}"}`, "{PinKode:hunter2 Name:x}", `pinkode: "hunter2"`,
		"https://h/?x=1&session-key=hunter2", "pinkode=hunter2", "https://h/?u=https%3A%2F%2Fh%2F%3Fmy_n%C3%B8kkel%3Dhunter2",
	} {
		s := sample{form: text, in: text, masked: strings.Replace(text, "hunter2", "REDACTED", 1), secret: "hunter2"}
		samples = append(samples, s.of("", "text"), s.of("", "key"))
	}
	for _, name := range []string{"session_keys", "key", "pinkode_set", "kode", "kkel"} {
		samples = append(samples, sample{form: "another name", column: "name", name: name, in: "hunter2", isSafe: true})
	}
	for _, text := range []string{"https://h/?kode=hunter2", `{"kode":"hunter2"}`} {
		samples = append(samples, sample{form: text, in: text, column: "text", isSafe: true})
	}
	checkPlaces(t, readPrivacyPage(t), samples, setup.WithCredentialNames("session_key", "Pin-Kode"), setup.WithCredentialNames("nøkkel"))
}

func TestCredentialNamesWorkUntilTheNextStart(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
	if err := mustStart(t)(t.Context()); err != nil { // forgets the names of other tests
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(setup.LogHandler(&out, nil))
	with := log.With("session_key", "hunter2")
	written := func(l *slog.Logger) string {
		out.Reset()
		l.Info("m", "a", map[string]string{"session_key": "hunter2"})
		return out.String()
	}
	if !strings.Contains(written(log), "hunter2") {
		t.Errorf("before Start: got %s, want the value", out.String())
	}
	shutdown := mustStart(t, setup.WithCredentialNames("session_key"))
	mustHide(t, "after Start", written(log))
	if got := strings.Count(written(with), "hunter2"); got != 1 {
		t.Errorf("attribute of before Start: got %s, want it once", out.String())
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustHide(t, "after shutdown", written(log))
	mustStart(t, setup.WithResource(attribute.String("token", "x")))
	if !strings.Contains(written(log), "hunter2") {
		t.Errorf("after another Start: got %s, want the value", out.String())
	}
}

// TestDisabledTelemetryHasCredentialNames checks that log lines do not depend on telemetry.
func TestDisabledTelemetryHasCredentialNames(t *testing.T) {
	environment(t, "OTEL_SDK_DISABLED", "true")
	var out bytes.Buffer
	mustStart(t, setup.WithCredentialNames("session_key"))
	slog.New(setup.LogHandler(&out, nil)).Info("m", "session_key", "hunter2")
	mustHide(t, "log", out.String())
}

func TestWrongCredentialNamesAreErrors(t *testing.T) {
	for _, wrong := range []string{"", " ", "-", "__", "7", "x", "x1", "12 34", "a:b", "user/password", "a\nb", `"token"`, "pass=word"} {
		environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none")
		logLines(t)
		var out bytes.Buffer
		shutdown, err := start(t, setup.WithCredentialNames("session_key", wrong))
		mustName(t, err, "WithCredentialNames", strconv.Quote(wrong), "use letters")
		slog.New(setup.LogHandler(&out, nil)).Info("m", "session_key", "hunter2", "useful", "useful-517")
		mustHide(t, wrong, out.String())
		if !strings.Contains(out.String(), "useful-517") {
			t.Errorf("%q: got %s", wrong, out.String())
		}
		_ = shutdown(t.Context())
	}
}
