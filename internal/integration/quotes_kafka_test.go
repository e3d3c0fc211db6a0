//go:build integration

package integration

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/internal/conformance/kafkasuite"
)

// TestQuotesOnKafka runs quotes with a real broker. It sets the same variables as NAIS, and
// checks the traces.
func TestQuotesOnKafka(t *testing.T) {
	for _, tt := range []struct {
		name    string
		cluster func(*testing.T) kafkasuite.Cluster
		env     map[string]string // key: a variable that quotes reads; value: the variable of this test that contains its value
	}{
		{"plain", newRealKafka, map[string]string{"KAFKA_BROKERS": "SPOR_KAFKA_BROKERS"}},
		{"TLS", newRealKafkaTLS, map[string]string{
			"KAFKA_BROKERS": "SPOR_KAFKA_TLS_BROKERS", "KAFKA_CA_PATH": "SPOR_KAFKA_CA_PATH",
			"KAFKA_CERTIFICATE_PATH": "SPOR_KAFKA_CERTIFICATE_PATH", "KAFKA_PRIVATE_KEY_PATH": "SPOR_KAFKA_PRIVATE_KEY_PATH",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			topic := "quotes-" + rand.Text()[:8]
			tt.cluster(t).CreateTopic(t, topic, 2, nil)
			c := listen(t, ":0")
			q := newQuotes(t, c.Endpoint(), "-once")
			q.cmd.Env = append(q.cmd.Env, "KAFKA_TOPIC="+topic)
			for name, from := range tt.env {
				q.cmd.Env = append(q.cmd.Env, name+"="+service(t, from))
			}
			if err := q.cmd.Run(); err != nil {
				t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
			}
			want := "SERVER POST /quotes > CLIENT quotes.v1.Quotes/Create > SERVER quotes.v1.Quotes/Create > CLIENT INSERT quotes" +
				" > PRODUCER " + topic + " publish > CONSUMER " + topic + " process > CLIENT INSERT statistics"
			if got := outlines(c.received()); !slices.Contains(got, want) {
				t.Errorf("traces: got\n%s\nwant this one among them\n%s", strings.Join(got, "\n"), want)
			}
			if got, want := len(c.received()), q.spansEnded(t); got != want {
				t.Errorf("received %d of %d spans", got, want)
			}
		})
	}
}

// TestQuotesWithoutItsCertificate sets a variable of NAIS to the path of a certificate file
// that does not exist. quotes must stop, and must log the variable and the path.
func TestQuotesWithoutItsCertificate(t *testing.T) {
	q := newQuotes(t, "", "-once")
	missing := filepath.Join(t.TempDir(), "kafka.crt")
	q.cmd.Env = append(os.Environ(), "KAFKA_BROKERS=127.0.0.1:1",
		"KAFKA_CA_PATH="+missing, "KAFKA_CERTIFICATE_PATH="+missing, "KAFKA_PRIVATE_KEY_PATH="+missing)
	if err := q.cmd.Run(); err == nil {
		t.Error("quotes ran, although its certificate is missing")
	}
	if !strings.Contains(q.stdout.String(), "KAFKA_CA_PATH") || !strings.Contains(q.stdout.String(), missing) {
		t.Errorf("quotes printed %s, want the names of the variable and the file", &q.stdout)
	}
	q.lines(t)
}
