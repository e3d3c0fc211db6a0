package httptrace_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func interfaces(w http.ResponseWriter) (names []string) {
	is := func(name string, ok bool) {
		if ok {
			names = append(names, name)
		}
	}
	_, flusher := w.(http.Flusher)
	_, flushError := w.(interface{ FlushError() error })
	_, hijacker := w.(http.Hijacker)
	_, pusher := w.(http.Pusher)
	_, readerFrom := w.(io.ReaderFrom)
	_, stringWriter := w.(io.StringWriter)
	_, closeNotify := w.(interface{ CloseNotify() <-chan bool })
	_, deadlines := w.(interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	})
	_, fullDuplex := w.(interface{ EnableFullDuplex() error })
	is("Flusher", flusher)
	is("FlushError", flushError)
	is("Hijacker", hijacker)
	is("Pusher", pusher)
	is("ReaderFrom", readerFrom)
	is("StringWriter", stringWriter)
	is("CloseNotify", closeNotify)
	is("deadlines", deadlines)
	is("full duplex", fullDuplex)
	return names
}

func TestWriterKeepsItsInterfaces(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprintf("HTTP/%d", version), func(t *testing.T) {
			var seen [][]string
			var controlled []error
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				seen = append(seen, interfaces(w))
				c := http.NewResponseController(w)
				controlled = append(controlled, c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}),
					c.EnableFullDuplex(), c.Flush())
			})
			sdk := oteltest.New(t)
			for _, handler := range []http.Handler{h, httptrace.Handler(h, options(sdk)...)} {
				server := httptest.NewUnstartedServer(handler)
				server.EnableHTTP2 = version == 2
				server.StartTLS()
				res, err := server.Client().Get(server.URL)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, res.Body) // the end of the body arrives when the handler has returned
				res.Body.Close()
				server.Close()
			}
			if len(seen[0]) < 7 || !slices.Equal(seen[0], seen[1]) {
				t.Errorf("bare %v, traced %v", seen[0], seen[1])
			}
			for i, err := range controlled {
				if err != nil {
					t.Errorf("control %d: %v", i, err)
				}
			}
		})
	}
}

// TestWriterOfOtherMiddleware checks writers of other middleware. They can have any combination
// of optional interfaces.
func TestWriterOfOtherMiddleware(t *testing.T) {
	type plain struct{ http.ResponseWriter }
	type flushing struct {
		http.ResponseWriter
		http.Flusher
	}
	type reading struct {
		http.ResponseWriter
		io.ReaderFrom
	}
	type both struct {
		*oteltest.Writer
		http.Pusher
	}
	record := httptest.NewRecorder()
	for name, w := range map[string]http.ResponseWriter{
		"plain": plain{record}, "flushing": flushing{record, record}, "reading": reading{record, oteltest.NewWriter()},
		"both": both{oteltest.NewWriter(), nil}, "recorder": record,
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			h := httptrace.Handler(http.HandlerFunc(func(traced http.ResponseWriter, _ *http.Request) {
				if got, want := interfaces(traced), interfaces(w); !slices.Equal(got, want) {
					t.Errorf("traced %v, want %v", got, want)
				}
				io.Copy(traced, io.LimitReader(zeros{}, 600))
				traced.Write([]byte("hello"))
			}), options(sdk)...)
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if got := oteltest.Map(sdk.Only(t).Attributes())["http.response.body.size"]; got != "605" {
				t.Errorf("size %q, want 605", got)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// tcp is a connection. It counts how often a file is copied in a way that allows sendfile.
type tcp struct {
	*net.TCPConn

	copies *atomic.Int64
}

func (c tcp) ReadFrom(src io.Reader) (int64, error) {
	if l, ok := src.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			c.copies.Add(1)
		}
	}
	return c.TCPConn.ReadFrom(src)
}

type tcpListener struct {
	net.Listener

	copies *atomic.Int64
}

func (l tcpListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tcp{conn.(*net.TCPConn), l.copies}, nil
}

func TestServeFileUsesSendfileAndIsCounted(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	sendfiles := func(h http.Handler) int64 {
		var copies atomic.Int64
		server := httptest.NewUnstartedServer(h)
		server.Listener = tcpListener{server.Listener, &copies}
		server.Start()
		defer server.Close()
		get(t, server.URL)
		return copies.Load()
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	sdk := oteltest.New(t)
	bare, traced := sendfiles(h), sendfiles(httptrace.Handler(h, options(sdk)...))
	if bare == 0 || traced != bare {
		t.Errorf("sendfile was used %d times, and %d times without a span", traced, bare)
	}
	if got := oteltest.Map(sdk.Only(t).Attributes())["http.response.body.size"]; got != "100000" {
		t.Errorf("size %q", got)
	}
}

func TestInformationalStatusIsNotTheAnswer(t *testing.T) {
	sdk := oteltest.New(t)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
	})
	if status, _ := get(t, serve(t, httptrace.Handler(h, options(sdk)...))); status != http.StatusTeapot {
		t.Errorf("answered %d", status)
	}
	if got := oteltest.Map(sdk.Only(t).Attributes())["http.response.status_code"]; got != "418" {
		t.Errorf("status %q", got)
	}
}

func TestWritesAfterHijackDoNotTouchTheSpan(t *testing.T) {
	sdk := oteltest.New(t)
	wrote := make(chan error, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		w.WriteHeader(http.StatusInternalServerError)
		go func() {
			defer conn.Close()
			_, err := w.Write([]byte("late"))
			wrote <- err
		}()
	})
	get(t, serve(t, httptrace.Handler(h, options(sdk)...)), "Connection", "Upgrade", "Upgrade", "x")
	if err := <-wrote; !errors.Is(err, http.ErrHijacked) {
		t.Errorf("wrote after hijack: %v", err)
	}
	if got := oteltest.Map(sdk.Only(t).Attributes()); got["http.response.status_code"] != "101" || got["http.response.body.size"] != "" {
		t.Errorf("attributes %v", got)
	}
}
