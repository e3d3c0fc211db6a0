// Package mtls provides certificates, and a collector that requires a client certificate, for
// tests.
package mtls

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// An Authority issues certificates.
type Authority struct {
	// File is a PEM file with the certificate of the authority.
	File string
	// Pool contains the certificate of the authority.
	Pool *x509.CertPool

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns an authority. Different authorities can have the same name.
func NewAuthority(tb testing.TB, name string) *Authority {
	tb.Helper()
	a := &Authority{Pool: x509.NewCertPool(), key: newKey(tb)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-100 * 24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der := create(tb, template, template, &a.key.PublicKey, a.key)
	var err error
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	a.Pool.AddCert(a.certificate)
	a.File = write(tb, "CERTIFICATE", der)
	return a
}

// A Certificate is a certificate with its key.
type Certificate struct {
	tls.Certificate
	File, KeyFile string // two PEM files
}

// Issue returns a certificate for a client or for a server. The certificate is valid for one
// day, unless expired is true. hosts are host names and IP addresses.
func (a *Authority) Issue(tb testing.TB, name string, expired bool, hosts ...string) Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if expired {
		template.NotAfter = time.Now().Add(-24 * time.Hour)
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key := newKey(tb)
	der := create(tb, template, a.certificate, &key.PublicKey, a.key)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return Certificate{
		Certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		File:        write(tb, "CERTIFICATE", der),
		KeyFile:     write(tb, "PRIVATE KEY", keyDER),
	}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func create(tb testing.TB, template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

func write(tb testing.TB, kind string, der []byte) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "file.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// A Collector counts the exports that it accepts. It accepts every export.
type Collector struct {
	Addr    string
	Exports atomic.Int64
}

// Listen starts a collector on 127.0.0.1. The collector requires a client certificate from
// the authority. version is the version of TLS that it uses.
func Listen(tb testing.TB, version uint16, server Certificate, authority *Authority) *Collector {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &Collector{Addr: l.Addr().String()}
	s := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		MinVersion: version, MaxVersion: version,
		Certificates: []tls.Certificate{server.Certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool,
	})))
	coltrace.RegisterTraceServiceServer(s, traces{c: c})
	colmetrics.RegisterMetricsServiceServer(s, metrics{c: c})
	collogs.RegisterLogsServiceServer(s, logs{c: c})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l) // Serve returns after Stop
	}()
	tb.Cleanup(func() {
		s.Stop()
		<-served
	})
	return c
}

type traces struct {
	coltrace.UnimplementedTraceServiceServer
	c *Collector
}

func (t traces) Export(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	t.c.Exports.Add(1)
	return &coltrace.ExportTraceServiceResponse{}, nil
}

type metrics struct {
	colmetrics.UnimplementedMetricsServiceServer
	c *Collector
}

func (m metrics) Export(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	m.c.Exports.Add(1)
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

type logs struct {
	collogs.UnimplementedLogsServiceServer
	c *Collector
}

func (l logs) Export(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	l.c.Exports.Add(1)
	return &collogs.ExportLogsServiceResponse{}, nil
}
