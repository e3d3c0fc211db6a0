package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
)

// certificates returns a TLS configuration with the platform's certificates.
func certificates() (*tls.Config, error) {
	pem, err := os.ReadFile(os.Getenv("KAFKA_CA_PATH"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(os.Getenv("KAFKA_CERTIFICATE_PATH"), os.Getenv("KAFKA_PRIVATE_KEY_PATH"))
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{pair}}, err
}
