//go:build integration

package integration

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nais/spor/internal/conformance/kafkasuite"
)

// realKafka is an Apache Kafka broker.
type realKafka struct{ plainKafka }

// newRealKafka returns a real broker. Either scripts/services.sh has started it, or the user
// has set its address in a variable. Clients connect without TLS.
func newRealKafka(t *testing.T) kafkasuite.Cluster {
	t.Helper()
	return &realKafka{plainKafka{brokers: strings.Split(service(t, "SPOR_KAFKA_BROKERS"), ",")}}
}

// newRealKafkaTLS returns the same broker as newRealKafka. Clients connect with TLS and a
// client certificate.
func newRealKafkaTLS(t *testing.T) kafkasuite.Cluster {
	t.Helper()
	brokers := strings.Split(service(t, "SPOR_KAFKA_TLS_BROKERS"), ",")
	authority, err := os.ReadFile(service(t, "SPOR_KAFKA_CA_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.LoadX509KeyPair(service(t, "SPOR_KAFKA_CERTIFICATE_PATH"), service(t, "SPOR_KAFKA_PRIVATE_KEY_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		t.Fatal("no certificate in SPOR_KAFKA_CA_PATH")
	}
	return &realKafka{plainKafka{brokers: brokers, tls: &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{certificate},
	}}}
}

func (k *realKafka) Faults() kafkasuite.Faults { return nil }

// Restart restarts the broker if scripts/services.sh started it.
func (k *realKafka) Restart(t *testing.T) {
	t.Helper()
	if os.Getenv("SPOR_SERVICES_DIR") == "" {
		t.Skip("the broker was not started by scripts/services.sh, so the test cannot restart it")
	}
	if out, err := exec.CommandContext(within(t), "../../scripts/services.sh", "restart", "kafka").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
