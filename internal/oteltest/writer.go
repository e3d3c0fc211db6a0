package oteltest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

// A Writer discards a response. For HTTP/1.1, net/http has its own type of response
// writer. A Writer implements all interfaces that this type implements. Therefore, a
// Writer can replace it in tests of code that wraps response writers.
type Writer struct {
	sink

	Headers http.Header
}

// NewWriter returns a writer with space for eight headers.
func NewWriter() *Writer { return &Writer{Headers: make(http.Header, 8)} }

// Header implements [http.ResponseWriter].
func (w *Writer) Header() http.Header { return w.Headers }

type sink struct{}

func (sink) WriteHeader(int)                              {}
func (sink) Write(p []byte) (int, error)                  { return len(p), nil }
func (sink) WriteString(s string) (int, error)            { return len(s), nil }
func (sink) ReadFrom(r io.Reader) (int64, error)          { return io.Copy(io.Discard, r) }
func (sink) Flush()                                       {}
func (sink) FlushError() error                            { return nil }
func (sink) CloseNotify() <-chan bool                     { return nil }
func (sink) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.EOF }
func (sink) SetReadDeadline(time.Time) error              { return nil }
func (sink) SetWriteDeadline(time.Time) error             { return nil }
func (sink) EnableFullDuplex() error                      { return nil }
