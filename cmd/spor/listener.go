package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"
)

// A listener is what is known of who listens at an address.
type listener struct {
	http1  bool      // speaks HTTP/1.1, and no HTTP/2
	tls    bool      // speaks TLS
	silent bool      // accepts, and says nothing
	date   time.Time // by its own clock, if it tells
}

// listenerAt finds out who listens at address. It says nothing that a collector
// would mind.
func listenerAt(ctx context.Context, address string, timeout time.Duration) listener {
	if l := askTLS(ctx, address, timeout); l.tls {
		return l // some answer plain text all the same, to say that it is wrong
	}
	return askHTTP1(ctx, address, timeout)
}

func askTLS(ctx context.Context, address string, timeout time.Duration) listener {
	conn, err := (&tls.Dialer{
		NetDialer: &net.Dialer{Timeout: timeout}, // the handshake included
		Config: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // asks whether there is TLS, and says nothing over it
			NextProtos:         []string{"h2", "http/1.1"},
		},
	}).DialContext(ctx, "tcp", address)
	if err != nil {
		var alert tls.AlertError
		return listener{tls: errors.As(err, &alert)}
	}
	defer func() { _ = conn.Close() }()
	secure, _ := conn.(*tls.Conn)
	return listener{tls: true, http1: secure.ConnectionState().NegotiatedProtocol != "h2"}
}

// askHTTP1 asks in the clear. A gRPC server answers with frames of HTTP/2 or
// hangs up.
func askHTTP1(ctx context.Context, address string, timeout time.Duration) (l listener) {
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return l
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(timeout)) // reading fails otherwise, too
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+address+"/", nil)
	if err != nil || req.Write(conn) != nil {
		return l
	}
	r := bufio.NewReader(conn)
	if _, err = r.Peek(1); err != nil {
		l.silent = errors.Is(err, os.ErrDeadlineExceeded)
		return l
	}
	res, err := http.ReadResponse(r, req)
	if err != nil {
		return l
	}
	_ = res.Body.Close() // it has none
	l.http1 = true
	l.date, _ = http.ParseTime(res.Header.Get("Date"))
	return l
}

// mostSkew is how far the clock may be from that of the collector: beyond it,
// spans of one trace do not lie within each other.
const mostSkew = 5 * time.Second

// clock compares the clock with that of the collector if that tells the time,
// which gRPC does not, but OTLP over HTTP beside it.
func (e *examination) clock(ctx context.Context) {
	for _, address := range e.clocks {
		if l := askHTTP1(ctx, address, min(e.timeout, time.Second)); !l.date.IsZero() {
			e.compare(time.Now(), l.date, address)
			return
		}
	}
	if built := buildTime(); time.Now().Before(built) {
		e.add("clock", failed, "it is before "+built.UTC().Format(time.RFC3339)+", when spor was built", setTheClock)
		return
	}
	e.add("clock", well, time.Now().UTC().Format(time.RFC3339)+"; the collector does not tell the time", "")
}

const setTheClock = "set the clock, and let NTP keep it: nobody finds spans from another time"

func (e *examination) compare(here, there time.Time, address string) {
	skew := here.Sub(there)
	text := "within a second of that of " + address
	if skew.Abs() > time.Second { // the header has no fractions
		text = skew.Round(time.Second).Abs().String() + " behind that of " + address
		if skew > 0 {
			text = skew.Round(time.Second).String() + " ahead of that of " + address
		}
	}
	if skew.Abs() > mostSkew {
		e.add("clock", failed, text, setTheClock)
		return
	}
	e.add("clock", well, text, "")
}

// buildTime returns when the source of spor was last changed, or the zero time.
func buildTime() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			t, _ := time.Parse(time.RFC3339, s.Value)
			return t
		}
	}
	return time.Time{}
}
