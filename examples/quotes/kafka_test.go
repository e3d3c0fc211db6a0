package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCertificates(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	if err := os.WriteFile(garbage, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		environment map[string]string
		want        string // text that the error contains
	}{
		{"none", nil, ""},
		{"one of three", map[string]string{"KAFKA_CA_PATH": garbage}, "KAFKA_CERTIFICATE_PATH, KAFKA_PRIVATE_KEY_PATH: not set"},
		{"no such file", map[string]string{"KAFKA_CA_PATH": garbage, "KAFKA_CERTIFICATE_PATH": "/nowhere", "KAFKA_PRIVATE_KEY_PATH": garbage}, "KAFKA_CERTIFICATE_PATH"},
		{"not PEM", map[string]string{"KAFKA_CA_PATH": garbage, "KAFKA_CERTIFICATE_PATH": garbage, "KAFKA_PRIVATE_KEY_PATH": garbage}, "KAFKA_CA_PATH"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config, err := certificatesOf(func(name string) string { return tt.environment[name] })
			if config != nil {
				t.Errorf("got %v", config)
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want one that names %q", err, tt.want)
			}
		})
	}
}
