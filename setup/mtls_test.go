package setup_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/internal/oteltest/mtls"
	"github.com/nais/spor/setup"
)

// side is the certificate of a client or a server in a test, and the parts of the line that the
// program logs because of this certificate.
type side struct {
	name        string
	certificate *mtls.Certificate // nil if there is none
	parts       []string          // nil if the certificate is right
}

// secureSignal is one signal with the names of its variables.
type secureSignal struct {
	name, variables string // "OTEL_EXPORTER_OTLP_" or the prefix for one signal
	pairs           []string
}

// TestRefusedCertificatesAreNamed checks the first line that a program logs when a client
// certificate or a server certificate is wrong.
func TestRefusedCertificatesAreNamed(t *testing.T) {
	authority, foreign := mtls.NewAuthority(t, "authority"), mtls.NewAuthority(t, "foreign")
	impostor := mtls.NewAuthority(t, "authority")
	issue := func(a *mtls.Authority, name string, expired bool, hosts ...string) *mtls.Certificate {
		c := a.Issue(t, name, expired, hosts...)
		return &c
	}
	clients := []side{
		{"no certificate", nil, []string{"none was sent", "the collector wants a client certificate: set $CLIENT_CERTIFICATE and $CLIENT_KEY"}},
		{"expired", issue(authority, "old client", true), []string{"one was sent", "subject CN=old client, issuer CN=authority", "$FILE", "has expired", "$CLIENT_CERTIFICATE", "restart the program"}},
		{"foreign", issue(foreign, "stranger", false), []string{"not sent", "it accepts CN=authority", "does not accept the authority of", "$FILE", "subject CN=stranger, issuer CN=foreign", "$CLIENT_CERTIFICATE"}},
		{"foreign with the same name", issue(impostor, "impostor", false), []string{"unknown certificate authority", "one was sent", "does not accept the authority of", "$FILE", "subject CN=impostor", "$CLIENT_CERTIFICATE"}},
		{"right", issue(authority, "client", false), nil},
	}
	servers := []side{
		{"right", issue(authority, "server", false, "127.0.0.1"), nil},
		{"expired", issue(authority, "server", true, "127.0.0.1"), []string{"the collector's certificate or its authority has expired", "$CERTIFICATE", "compare the clocks"}},
		{"foreign", issue(foreign, "server", false, "127.0.0.1"), []string{"signed by an unknown authority", "set $CERTIFICATE"}},
		{"wrong name", issue(authority, "server", false, "collector.example"), []string{"the collector's certificate is for another host", "in OTEL_EXPORTER_OTLP_ENDPOINT"}},
	}
	signals := []secureSignal{
		{"traces", "OTEL_EXPORTER_OTLP_", []string{"OTEL_METRICS_EXPORTER", "none", "OTEL_BSP_SCHEDULE_DELAY", "1"}},
		{"metrics", "OTEL_EXPORTER_OTLP_METRICS_", []string{"OTEL_TRACES_EXPORTER", "none"}},
		{"logs", "OTEL_EXPORTER_OTLP_", []string{"OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "otlp", "OTEL_BLRP_SCHEDULE_DELAY", "1"}},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, server := range servers {
			collector := mtls.Listen(t, version, *server.certificate, authority)
			for _, client := range clients {
				for _, signal := range signals {
					t.Run(strings.Join([]string{tls.VersionName(version), "server " + server.name, "client " + client.name, signal.name}, "/"), func(t *testing.T) {
						checkSecureExport(t, collector, authority, server, client, signal)
					})
				}
			}
		}
	}
}

func checkSecureExport(t *testing.T, collector *mtls.Collector, authority *mtls.Authority, server, client side, signal secureSignal) {
	t.Helper()
	want := server.parts
	if want == nil {
		want = client.parts
	}
	environment(t, append(signal.pairs, "OTEL_EXPORTER_OTLP_ENDPOINT", "https://"+collector.Addr, signal.variables+"CERTIFICATE", authority.File)...)
	replace := []string{"$CERTIFICATE", signal.variables + "CERTIFICATE"}
	if c := client.certificate; c != nil {
		t.Setenv(signal.variables+"CLIENT_CERTIFICATE", c.File)
		t.Setenv(signal.variables+"CLIENT_KEY", c.KeyFile)
		replace = append(replace, "$FILE", c.File, "$CLIENT_", signal.variables+"CLIENT_")
	} else {
		replace = append(replace, "$CLIENT_", "OTEL_EXPORTER_OTLP_CLIENT_")
	}
	if want != nil {
		t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
	}
	log := logLines(t)
	provider := otel.GetLoggerProvider()
	t.Cleanup(func() { otel.SetLoggerProvider(provider) })
	before := collector.Exports.Load()
	shutdown := mustStart(t)
	endSpans(1)
	slog.New(setup.LogHandler(io.Discard, nil)).Info("exported")
	if want == nil {
		if err := shutdown(t.Context()); err != nil || log.String() != "" || collector.Exports.Load() == before {
			t.Errorf("shutdown: got %v and the lines %s, want an export and no line", err, log)
		}
		return
	}
	eventually(t, "a line", func() bool { return log.String() != "" })
	lines := log.All(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_ = shutdown(ctx) // fails, because the collector cannot be reached
	if got := collector.Exports.Load() - before; got > 0 || len(lines) != 1 {
		t.Errorf("exports: got %d, want none; lines: got %v, want one", got, lines)
	}
	text, _ := lines[0]["error"].(string)
	cure, _ := lines[0]["cure"].(string)
	for _, part := range want {
		part = strings.NewReplacer(replace...).Replace(part)
		if !strings.Contains(text+"\n"+cure, part) {
			t.Errorf("error: got %s\ncure: got %s\nwant %q", text, cure, part)
		}
	}
	if strings.Contains(text, "broken pipe") || strings.Contains(text, "connection reset") {
		t.Errorf("error: got %s, want the reason", text)
	}
	if strings.Contains(text, "PRIVATE") || client.certificate != nil && strings.Contains(text+cure, client.certificate.KeyFile) {
		t.Errorf("the line contains the key or its path: %s, %s", text, cure)
	}
}
