//go:build unix

package main_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nais/spor/internal/oteltest/mtls"
)

// TestDoctorNamesRefusedCertificates checks the step "export" when the client certificate or the
// server certificate is wrong.
func TestDoctorNamesRefusedCertificates(t *testing.T) {
	authority, foreign := mtls.NewAuthority(t, "authority"), mtls.NewAuthority(t, "foreign")
	issue := func(a *mtls.Authority, name string, expired bool, hosts ...string) *mtls.Certificate {
		c := a.Issue(t, name, expired, hosts...)
		return &c
	}
	type side struct {
		name        string
		certificate *mtls.Certificate // nil if there is none
		cure        []string          // nil if the certificate is right
	}
	const variable = "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE"
	clients := []side{
		{"no certificate", nil, []string{"the collector wants a client certificate: set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY"}},
		{"expired", issue(authority, "old client", true), []string{"subject CN=old client, issuer CN=authority", "has expired", variable}},
		{"foreign", issue(foreign, "stranger", false), []string{"does not accept the authority of", "subject CN=stranger", variable}},
		{"foreign with the same name", issue(mtls.NewAuthority(t, "authority"), "impostor", false), []string{"does not accept the authority of", "subject CN=impostor", variable}},
		{"right", issue(authority, "client", false), nil},
	}
	servers := []side{
		{"right", issue(authority, "server", false, "127.0.0.1"), nil},
		{"expired", issue(authority, "server", true, "127.0.0.1"), []string{"has expired", "OTEL_EXPORTER_OTLP_CERTIFICATE"}},
		{"foreign", issue(foreign, "server", false, "127.0.0.1"), []string{"signed by an unknown authority: set OTEL_EXPORTER_OTLP_CERTIFICATE"}},
		{"wrong name", issue(authority, "server", false, "collector.example"), []string{"for another host", "OTEL_EXPORTER_OTLP_ENDPOINT"}},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, server := range servers {
			collector := mtls.Listen(t, version, *server.certificate, authority)
			for _, client := range clients {
				t.Run(strings.Join([]string{tls.VersionName(version), "server " + server.name, "client " + client.name}, "/"), func(t *testing.T) {
					env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=https://" + collector.Addr, "OTEL_EXPORTER_OTLP_CERTIFICATE=" + authority.File}
					if c := client.certificate; c != nil {
						env = append(env, variable+"="+c.File, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY="+c.KeyFile)
					}
					want := server.cure
					if want == nil {
						want = client.cure
					}
					checkExport(t, ask(t, env...), want)
				})
			}
		}
	}
}

// checkExport checks the step "export". If want is nil, the step must not fail. A server that expects
// TLS may close the connection of a client without TLS at any time, so there is no other reason.
func checkExport(t *testing.T, f findings, want []string) {
	t.Helper()
	for _, s := range f.Steps {
		if s.Step != "export" {
			continue
		}
		if (s.State == "failed") != (want != nil) {
			t.Errorf("state: got %s: %s", s.State, s.Text)
		}
		for _, part := range want {
			if !strings.Contains(s.Cure, part) {
				t.Errorf("cure: got %q, want %q (%s)", s.Cure, part, s.Text)
			}
		}
		withoutTLS := strings.Contains(s.Cure, "the collector speaks TLS")
		if !withoutTLS && (strings.Contains(s.Text, "broken pipe") || strings.Contains(s.Text, "connection reset")) {
			t.Errorf("text: got %q, want the reason", s.Text)
		}
		return
	}
	t.Errorf("got no step export: %q", f.Steps)
}

// TestDoctorRecognizesTLSByItsAlert checks two endpoints of a net/http server that refuses
// clients without a certificate during the handshake. The server answers a request without TLS
// in HTTP/1.1. That answer must not hide that the server speaks TLS.
func TestDoctorRecognizesTLSByItsAlert(t *testing.T) {
	authority := mtls.NewAuthority(t, "authority")
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{authority.Issue(t, "server", false, "127.0.0.1").Certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool,
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := "OTEL_EXPORTER_OTLP_CERTIFICATE=" + authority.File
	checkExport(t, ask(t, ca, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL), []string{"the collector wants a client certificate"})
	checkExport(t, ask(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+server.Listener.Addr().String()), []string{"the collector speaks TLS: write https://"})
}
