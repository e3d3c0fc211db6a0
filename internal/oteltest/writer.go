package oteltest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

// A Writer throws away a response. It has the interfaces of net/http's own writer
// for HTTP/1.1, which it is passed off as where writers are wrapped.
type Writer struct{ Headers http.Header }

// NewWriter returns a writer with room for headers.
func NewWriter() *Writer { return &Writer{make(http.Header, 8)} }

func (w *Writer) Header() http.Header                          { return w.Headers }
func (w *Writer) WriteHeader(int)                              {}
func (w *Writer) Write(p []byte) (int, error)                  { return len(p), nil }
func (w *Writer) WriteString(s string) (int, error)            { return len(s), nil }
func (w *Writer) ReadFrom(r io.Reader) (int64, error)          { return io.Copy(io.Discard, r) }
func (w *Writer) Flush()                                       {}
func (w *Writer) FlushError() error                            { return nil }
func (w *Writer) CloseNotify() <-chan bool                     { return nil }
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.EOF }
func (w *Writer) SetReadDeadline(time.Time) error              { return nil }
func (w *Writer) SetWriteDeadline(time.Time) error             { return nil }
func (w *Writer) EnableFullDuplex() error                      { return nil }
