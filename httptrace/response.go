package httptrace

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/felixge/httpsnoop"
)

// response is a ResponseWriter that records the status and the size of the response, and that adds
// the trace headers.
//
// The fields are atomic because a handler may write from several goroutines.
type response struct {
	common

	code     atomic.Int32
	written  atomic.Int64
	hijacked atomic.Bool
	flushed  atomic.Bool
	broken   atomic.Bool // the client ended the connection while the response was written
	noBody   bool        // the response to a HEAD request has no body, although the handler writes one

	header http.Header   // nil if it is neither changed nor recorded
	traced *traceHeaders // nil if the response gets no trace headers
	memory traceHeaders

	one response1
	two response2
}

// common has the methods that are in both writers of net/http: the writer for HTTP/1.1 and the
// writer for HTTP/2.
type common interface {
	http.ResponseWriter
	http.Flusher
	io.StringWriter
	FlushError() error
	CloseNotify() <-chan bool
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	EnableFullDuplex() error
}

// only1 has the methods that are only in net/http's writer for HTTP/1.1.
type only1 interface {
	http.Hijacker
	io.ReaderFrom
}

// prepare adds the trace headers, before the handler of c is called.
func (a *response) prepare(c *serverRequest) {
	s := c.server
	a.noBody = c.request.Method == http.MethodHead
	if !s.quiet || s.responseHeaders != nil || s.noStreams {
		a.header = c.writer.Header()
	}
	if a.header != nil && !s.quiet && a.memory.fill(c.span.SpanContext()) {
		a.traced = &a.memory
		a.traced.add(a.header, c.request.Header["Origin"] != nil)
	}
}

// beforeHeader must be called before net/http sends the header.
func (a *response) beforeHeader() {
	if a.traced != nil && a.sent() == 0 {
		a.traced.unify(a.header)
	}
}

// finish must be called after the handler has returned. If the handler has sent no header, net/http
// or other middleware will send it.
func (a *response) finish() {
	if !a.hijacked.Load() {
		a.beforeHeader()
	}
}

// size returns the number of bytes of the body that were sent.
func (a *response) size() int64 {
	if a.noBody {
		return 0
	}
	return a.written.Load()
}

// isStream reports whether the response is an event stream, a stream of Connect, or uses another
// protocol, such as WebSocket.
func (a *response) isStream() bool {
	kind := a.header["Content-Type"]
	return a.hijacked.Load() || a.sent() == http.StatusSwitchingProtocols || len(kind) > 0 &&
		(strings.HasPrefix(kind[0], "text/event-stream") || strings.HasPrefix(kind[0], "application/connect+"))
}

// The method as returns a writer that writes to w and records the response in the receiver. The
// returned writer has the same optional interfaces as w, and no others.
func (a *response) as(w http.ResponseWriter) http.ResponseWriter {
	both, usual := w.(common)
	one, isOne := w.(only1)
	two, isTwo := w.(http.Pusher)
	a.common = both
	switch {
	case usual && isOne && !isTwo:
		a.one = response1{a, one}
		return &a.one
	case usual && isTwo && !isOne && !canHijack(w) && !canReadFrom(w):
		a.two = response2{a, two}
		return &a.two
	}
	return httpsnoop.Wrap(w, a.hooks())
}

func canHijack(w http.ResponseWriter) bool   { _, ok := w.(http.Hijacker); return ok }
func canReadFrom(w http.ResponseWriter) bool { _, ok := w.(io.ReaderFrom); return ok }

// sent returns the status that the handler sent, or 0 if the handler sent no status.
func (a *response) sent() int { return int(a.code.Load()) }

// record records the status of the response. Only the first status is recorded. Informational
// statuses are ignored. The exception is 101, because the connection no longer uses HTTP after
// the status 101.
func (a *response) record(code int) {
	if code >= http.StatusOK && !a.hijacked.Load() || code == http.StatusSwitchingProtocols {
		a.code.CompareAndSwap(0, int32(code)) //nolint:gosec // net/http panics if a status has more than three digits
	}
}

func (a *response) flush() {
	a.record(http.StatusOK)
	a.flushed.Store(true)
}

// isEmpty reports whether the handler has returned without a response. net/http then sends the
// status 200. Some frameworks set this status themselves.
func (a *response) isEmpty() bool {
	sent := a.sent()
	return sent == 0 || sent == http.StatusOK && a.written.Load() == 0 && !a.flushed.Load()
}

func (a *response) Unwrap() http.ResponseWriter { return a.common }

func (a *response) WriteHeader(code int) {
	a.beforeHeader()
	a.common.WriteHeader(code)
	a.record(code)
}

func (a *response) Write(p []byte) (int, error) {
	a.beforeHeader()
	n, err := a.common.Write(p)
	a.wrote(n, err)
	return n, err
}

func (a *response) WriteString(s string) (int, error) {
	a.beforeHeader()
	n, err := a.common.WriteString(s)
	a.wrote(n, err)
	return n, err
}

func (a *response) Flush() {
	a.beforeHeader()
	a.common.Flush()
	a.flush()
}

func (a *response) FlushError() error {
	a.beforeHeader()
	err := a.common.FlushError()
	a.flush()
	a.check(err)
	return err
}

// response1 is the writer that a handler gets for an HTTP/1.1 request.
type response1 struct {
	*response

	only1 only1
}

// ReadFrom copies src with the ReadFrom method of net/http's writer, which can use sendfile for a
// file.
func (a *response1) ReadFrom(src io.Reader) (int64, error) {
	a.beforeHeader()
	n, err := a.only1.ReadFrom(src)
	a.copied(n, err)
	return n, err
}

func (a *response1) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := a.only1.Hijack()
	a.hijack(err)
	return conn, rw, err
}

// response2 is the writer that a handler gets for an HTTP/2 request.
type response2 struct {
	*response
	http.Pusher
}

func (a *response) copied(n int64, err error) {
	if n > 0 {
		a.record(http.StatusOK)
		a.written.Add(n)
	}
	a.check(err)
}

func (a *response) wrote(n int, err error) {
	a.record(http.StatusOK)
	a.written.Add(int64(n))
	a.check(err)
}

// check records whether err shows that the client has ended the connection. If the server itself
// has closed the connection, the error is net.ErrClosed. After http.Server.WriteTimeout, it is a timeout.
func (a *response) check(err error) {
	if err == nil {
		return
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "write" && !op.Timeout() && !errors.Is(err, net.ErrClosed) {
		a.broken.Store(true)
	}
}

func (a *response) hijack(err error) {
	if err == nil {
		a.hijacked.Store(true)
	}
}

// hooks returns hooks that record the response. They are used for a writer of other middleware,
// because such a writer can have any combination of optional interfaces.
func (a *response) hooks() httpsnoop.Hooks {
	return httpsnoop.Hooks{
		WriteHeader: func(next httpsnoop.WriteHeaderFunc) httpsnoop.WriteHeaderFunc {
			return func(code int) { a.beforeHeader(); next(code); a.record(code) }
		},
		Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(p []byte) (int, error) {
				a.beforeHeader()
				n, err := next(p)
				a.wrote(n, err)
				return n, err
			}
		},
		Flush: func(next httpsnoop.FlushFunc) httpsnoop.FlushFunc {
			return func() { a.beforeHeader(); next(); a.flush() }
		},
		ReadFrom: func(next httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
			return func(src io.Reader) (int64, error) {
				a.beforeHeader()
				n, err := next(src)
				a.copied(n, err)
				return n, err
			}
		},
		Hijack: func(next httpsnoop.HijackFunc) httpsnoop.HijackFunc {
			return func() (net.Conn, *bufio.ReadWriter, error) {
				conn, rw, err := next()
				a.hijack(err)
				return conn, rw, err
			}
		},
	}
}
