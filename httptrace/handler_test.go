package httptrace_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// options makes httptrace use sdk.
func options(sdk *oteltest.SDK, more ...httptrace.Option) []httptrace.Option {
	return append([]httptrace.Option{
		httptrace.WithTracerProvider(sdk.TracerProvider),
		httptrace.WithMeterProvider(sdk.MeterProvider),
		httptrace.WithPropagator(sdk.Propagator),
	}, more...)
}

// serve starts a server and returns its URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// get asks for a URL with pairs of header and value, and reads the answer.
func get(t *testing.T, url string, header ...string) (status int, h http.Header) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	noRedirects := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := noRedirects.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header
}

func ok(http.ResponseWriter, *http.Request) {}

// spanOf serves r with h, which uses sdk, and returns the attributes of its span.
func spanOf(t *testing.T, sdk *oteltest.SDK, h http.Handler, r *http.Request) (sdktrace.ReadOnlySpan, map[string]string) {
	t.Helper()
	h.ServeHTTP(httptest.NewRecorder(), r)
	span := sdk.Only(t)
	return span, oteltest.Map(span.Attributes())
}

func checkName(t *testing.T, span sdktrace.ReadOnlySpan, want string) {
	t.Helper()
	if got := span.Name(); got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
}

func checkUnset(t *testing.T, span sdktrace.ReadOnlySpan) {
	t.Helper()
	if got := span.Status(); got.Code != codes.Unset {
		t.Errorf("span has status %v", got)
	}
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// writer has the interfaces of net/http's own writer for HTTP/1.1.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header                          { return w.header }
func (w *writer) WriteHeader(int)                              {}
func (w *writer) Write(p []byte) (int, error)                  { return len(p), nil }
func (w *writer) WriteString(s string) (int, error)            { return len(s), nil }
func (w *writer) ReadFrom(r io.Reader) (int64, error)          { return io.Copy(io.Discard, r) }
func (w *writer) Flush()                                       {}
func (w *writer) FlushError() error                            { return nil }
func (w *writer) CloseNotify() <-chan bool                     { return nil }
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.EOF }
func (w *writer) SetReadDeadline(time.Time) error              { return nil }
func (w *writer) SetWriteDeadline(time.Time) error             { return nil }
func (w *writer) EnableFullDuplex() error                      { return nil }
