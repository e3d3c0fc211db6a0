package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// kafka is the Kafka cluster for the events. If the environment contains the addresses of
// brokers, the program uses these brokers. Otherwise the cluster is inside this process.
type kafka struct {
	opts  []kgo.Opt // options of every client
	topic string    // the topic for events about new quotes
	fake  *kfake.Cluster
}

func openKafka() (*kafka, error) {
	k := &kafka{topic: cmp.Or(os.Getenv("KAFKA_TOPIC"), "quotes.created")}
	var brokers []string
	if names := os.Getenv("KAFKA_BROKERS"); names != "" {
		certificates, err := certificatesOf(os.Getenv)
		if err != nil {
			return nil, err
		}
		if certificates != nil {
			k.opts = append(k.opts, kgo.DialTLSConfig(certificates))
		}
		brokers = strings.Split(names, ",")
	} else {
		var port int // 0 means a free port
		if text := os.Getenv("FAKE_KAFKA_PORT"); text != "" {
			var err error
			if port, err = strconv.Atoi(text); err != nil {
				return nil, fmt.Errorf("FAKE_KAFKA_PORT: %w", err)
			}
		}
		fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.SeedTopics(1, k.topic))
		if err != nil {
			return nil, err
		}
		k.fake, brokers = fake, fake.ListenAddrs()
	}
	k.opts = append(k.opts, kgo.SeedBrokers(brokers...), kgo.ClientID("quotes"))
	return k, nil
}

func (k *kafka) close() {
	if k.fake != nil {
		k.fake.Close()
	}
}

// These are the names of variables that NAIS sets. The value of each variable is the path of a
// PEM file.
const (
	authorityPath   = "KAFKA_CA_PATH"
	certificatePath = "KAFKA_CERTIFICATE_PATH"
	privateKeyPath  = "KAFKA_PRIVATE_KEY_PATH"
)

// certificatesOf returns a TLS configuration with the certificates whose paths are in the
// environment. If the environment has no such paths, it returns nil.
func certificatesOf(getenv func(string) string) (*tls.Config, error) {
	variables := []string{authorityPath, certificatePath, privateKeyPath}
	missing := slices.DeleteFunc(slices.Clone(variables), func(name string) bool { return getenv(name) != "" })
	if len(missing) == len(variables) {
		return nil, nil //nolint:nilnil // nil means a connection without TLS
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: not set (want all of %s, or none)", strings.Join(missing, ", "), strings.Join(variables, ", "))
	}
	files := map[string][]byte{}
	for _, name := range variables {
		content, err := os.ReadFile(getenv(name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = content
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(files[authorityPath]) {
		return nil, fmt.Errorf("%s %q: no certificate in PEM", authorityPath, getenv(authorityPath))
	}
	pair, err := tls.X509KeyPair(files[certificatePath], files[privateKeyPath])
	if err != nil {
		return nil, fmt.Errorf("%s %q, %s %q: %w",
			certificatePath, getenv(certificatePath), privateKeyPath, getenv(privateKeyPath), err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{pair}}, nil
}
