package collector

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// One of the last three notes is added to the error of a connection that the collector
// refused after it had asked for a client certificate. Cure looks for the notes, because gRPC
// keeps only the text of an error.
const (
	asked     = "the collector asked for a client certificate"
	sentNone  = asked + ", and none was sent"
	sentUnfit = asked + ", and the configured one was not sent"
	sentOne   = asked + ", and one was sent"
)

// alertTimeout is the maximum time to read the alert of a collector that has closed the
// connection. The alert was received before the close, so normally it is read immediately.
const alertTimeout = 100 * time.Millisecond

// clientTLS does the same as gRPC's TLS credentials. In addition, the error of a connection
// that the collector refuses contains the collector's TLS alert, and whether a client
// certificate was sent.
type clientTLS struct {
	credentials.TransportCredentials
	config *tls.Config
}

func newClientTLS(config *tls.Config) credentials.TransportCredentials {
	return clientTLS{credentials.NewTLS(config), config}
}

// Clone implements credentials.TransportCredentials.
func (c clientTLS) Clone() credentials.TransportCredentials { return newClientTLS(c.config) }

// ClientHandshake implements credentials.TransportCredentials.
func (c clientTLS) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	r := &request{certificates: c.config.Certificates}
	config := c.config.Clone()
	config.GetClientCertificate = r.answer
	conn, info, err := credentials.NewTLS(config).ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, r.explain(err)
	}
	if r.note.Load() == nil {
		return conn, info, nil
	}
	return &askedConn{Conn: conn, request: r}, info, nil
}

// request is the collector's request for a client certificate. gRPC may return from a
// handshake before the handshake ends, so the field note is atomic.
type request struct {
	certificates []tls.Certificate
	note         atomic.Pointer[string] // nil if the collector has not asked for a certificate
}

// answer returns the certificate to send. The choice is the same as without this method: if
// the collector does not accept any of the certificates, none is sent.
func (r *request) answer(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	note := sentNone
	for i := range r.certificates {
		err := info.SupportsCertificate(&r.certificates[i])
		if err == nil {
			note = sentOne
			r.note.Store(&note)
			return &r.certificates[i], nil
		}
		note = sentUnfit + ": " + err.Error() + accepted(info.AcceptableCAs)
	}
	r.note.Store(&note)
	return new(tls.Certificate), nil
}

// The function accepted describes the first of the authorities that a collector accepts.
func accepted(authorities [][]byte) string {
	const most = 3
	var names []string
	for _, der := range authorities[:min(most, len(authorities))] {
		var name pkix.RDNSequence
		if _, err := asn1.Unmarshal(der, &name); err == nil {
			names = append(names, name.String())
		}
	}
	if len(names) == 0 {
		return ""
	}
	if len(authorities) > most {
		names = append(names, fmt.Sprintf("%d more", len(authorities)-most))
	}
	return "; it accepts " + strings.Join(names, "; ")
}

// explain adds the note to err if err can be the collector's answer to the certificate.
func (r *request) explain(err error) error {
	note := r.note.Load()
	if note == nil || !isRefusal(err) {
		return err
	}
	return fmt.Errorf("%w (%s)", err, *note)
}

// isRefusal reports whether err means that the other side refused or closed the connection.
func isRefusal(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op != "local error" && !op.Timeout() && !errors.Is(err, net.ErrClosed)
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func isAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}

// askedConn is a connection to a collector that has asked for a client certificate. In TLS
// 1.3, the handshake ends for the client before the collector has checked the certificate.
// If the collector refuses the certificate, it sends an alert and closes the connection. So
// the client's first write can fail with "broken pipe" although an alert can be read.
type askedConn struct {
	net.Conn
	request *request
	heard   atomic.Bool // the collector has sent data, so it has accepted the certificate
}

func (c *askedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.heard.Load() {
		return n, err
	}
	if n > 0 {
		c.heard.Store(true)
		return n, err
	}
	return n, c.request.explain(err)
}

func (c *askedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err == nil || c.heard.Load() || !isRefusal(err) {
		return n, err
	}
	return n, c.reason(err)
}

// reason returns the error of a failed write with the reason for it. If there is an alert,
// reason returns the alert instead. gRPC uses the connection no more after a failed write, so
// it does not matter if reason takes a byte that gRPC would have read.
func (c *askedConn) reason(err error) error {
	_ = c.SetReadDeadline(time.Now().Add(alertTimeout)) // if this fails, reading fails as well
	switch n, alert := c.Conn.Read(make([]byte, 1)); {
	case n > 0:
		return err
	case isAlert(alert):
		err = alert
	}
	return c.request.explain(err)
}
