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

type listener struct {
	http1  bool // speaks HTTP/1.1 and not HTTP/2
	tls    bool
	silent bool      // the server accepts connections and sends nothing
	date   time.Time // the time in the Date header, or the zero time if there is no Date header
}

// listenerAt finds out which protocol the server at address speaks. It sends nothing that could
// disturb a collector.
func listenerAt(ctx context.Context, address string, timeout time.Duration) listener {
	if l := askTLS(ctx, address, timeout); l.tls {
		return l // do not try plain HTTP: some TLS servers answer it too, with an error
	}
	return askHTTP1(ctx, address, timeout)
}

func askTLS(ctx context.Context, address string, timeout time.Duration) listener {
	conn, err := (&tls.Dialer{
		NetDialer: &net.Dialer{Timeout: timeout}, // the timeout includes the handshake
		Config: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // only tests for TLS, and sends no data
			NextProtos:         []string{"h2", "http/1.1"},
		},
	}).DialContext(ctx, "tcp", address)
	if err != nil {
		op, ok := errors.AsType[*net.OpError](err)
		return listener{tls: ok && op.Op == "remote error"} // the server has sent a TLS alert
	}
	defer func() { _ = conn.Close() }()
	secure, _ := conn.(*tls.Conn)
	return listener{tls: true, http1: secure.ConnectionState().NegotiatedProtocol != "h2"}
}

// askHTTP1 sends an HTTP/1.1 request without TLS. A gRPC server answers with HTTP/2 frames or
// closes the connection.
func askHTTP1(ctx context.Context, address string, timeout time.Duration) (l listener) {
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return l
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(timeout)) // if this fails, reading fails as well
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
	_ = res.Body.Close() // the response to HEAD has no body
	l.http1 = true
	l.date, _ = http.ParseTime(res.Header.Get("Date"))
	return l
}

// mostSkew is the maximum accepted difference between the local clock and the collector's
// clock. If the difference is larger, the spans of one trace appear at the wrong time.
const mostSkew = 5 * time.Second

// The method clock compares the local clock with the collector's clock. A collector sends its
// time only in HTTP responses, for example from the port for OTLP over HTTP. gRPC responses
// contain no time. If no port answers with a time, clock only checks that the local time is after
// the last change of spor's source.
func (e *examination) clock(ctx context.Context) {
	for _, address := range e.clocks {
		if l := askHTTP1(ctx, address, min(e.timeout, time.Second)); !l.date.IsZero() {
			e.compare(time.Now(), l.date, address)
			return
		}
	}
	if built := buildTime(); time.Now().Before(built) {
		e.add("clock", failed, "the time is before "+built.UTC().Format(time.RFC3339)+", when the source of spor was last changed", setTheClock)
		return
	}
	e.add("clock", well, time.Now().UTC().Format(time.RFC3339)+"; the collector does not report its time", "")
}

const setTheClock = "set the clock, and synchronise it with NTP: spans with a wrong time are hard to find"

func (e *examination) compare(here, there time.Time, address string) {
	skew := here.Sub(there)
	text := "within one second of the clock at " + address
	if skew.Abs() > time.Second { // the Date header has no fractions of a second
		text = skew.Round(time.Second).Abs().String() + " behind the clock at " + address
		if skew > 0 {
			text = skew.Round(time.Second).String() + " ahead of the clock at " + address
		}
	}
	if skew.Abs() > mostSkew {
		e.add("clock", failed, text, setTheClock)
		return
	}
	e.add("clock", well, text, "")
}

// buildTime returns the time of the commit that spor was built from. If the build contains no
// such time, it returns the zero time.
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
