package collector

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/nais/spor/internal/oteltest/mtls"
)

// refuse starts a server for one connection. The server requires a client certificate from
// authority and uses TLS 1.3. When it has refused the certificate, it resets the connection
// and closes the returned channel. If silent is true, it sends no alert before the reset.
func refuse(t *testing.T, server mtls.Certificate, authority *mtls.Authority, silent bool) (addr string, refused <-chan struct{}) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // Close resets the connection
		}
		config := &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{server.Certificate}, NextProtos: []string{"h2"},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool,
		}
		if silent {
			config.ClientAuth = tls.RequestClientCert
			config.VerifyConnection = func(tls.ConnectionState) error {
				conn.Close()
				return errors.New("refused")
			}
		}
		_ = tls.Server(conn, config).HandshakeContext(t.Context()) // fails
	}()
	return l.Addr().String(), done
}

// TestWriteAfterRefusal writes to a connection after the collector has refused the client
// certificate and has reset the connection. Without askedConn, the error is always "broken
// pipe" or "connection reset by peer".
func TestWriteAfterRefusal(t *testing.T) {
	authority := mtls.NewAuthority(t, "authority")
	server, expired := authority.Issue(t, "server", false, "127.0.0.1"), authority.Issue(t, "client", true)
	stranger := mtls.NewAuthority(t, "foreign").Issue(t, "stranger", false)
	for _, tt := range []struct {
		name         string
		certificates []tls.Certificate
		silent       bool
		want         []string
	}{
		{"no certificate", nil, false, []string{"remote error: tls: certificate required", sentNone}},
		{"expired", []tls.Certificate{expired.Certificate}, false, []string{"remote error: tls: expired certificate", sentOne}},
		{"foreign", []tls.Certificate{stranger.Certificate}, false, []string{"remote error: tls: certificate required", sentUnfit, "it accepts CN=authority"}},
		{"no certificate and no alert", nil, true, []string{sentNone}},
		{"no alert", []tls.Certificate{expired.Certificate}, true, []string{sentOne}},
	} {
		for _, read := range []bool{false, true} {
			name := tt.name + ", write"
			if read {
				name = tt.name + ", read"
			}
			t.Run(name, func(t *testing.T) {
				addr, refused := refuse(t, server, authority, tt.silent)
				raw, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer raw.Close()
				security := newClientTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authority.Pool, Certificates: tt.certificates}).Clone()
				conn, _, err := security.ClientHandshake(t.Context(), addr, raw)
				if err != nil {
					t.Fatal(err)
				}
				<-refused
				if read {
					_, err = conn.Read(make([]byte, 1))
				} else {
					_, err = conn.Write([]byte("PRI * HTTP/2.0"))
				}
				if err == nil {
					t.Fatal("got no error")
				}
				for _, part := range tt.want {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("got %v, want %q", err, part)
					}
				}
				if reset := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE); reset && !tt.silent {
					t.Errorf("got %v, want the alert", err)
				}
			})
		}
	}
}
