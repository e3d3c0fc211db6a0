package httpsuite

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// site contains a server, a client of this server, and the SDK with which the server records spans
// and metrics.
type site struct {
	router  Router
	version version
	around  surrounding

	base   context.Context    //nolint:containedctx // the server's BaseContext, or nil for the default
	cancel context.CancelFunc // called by handlers; the test chooses which context it cancels

	sdk     *oteltest.SDK
	options []httptrace.Option
	handler http.Handler
	server  *httptest.Server
	client  *http.Client
	log     *output
}

func (s *site) start(t *testing.T, opts ...httptrace.Option) {
	t.Helper()
	s.sdk = oteltest.New(t, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())), oteltest.Watched(s.router.Watch))
	var provider trace.TracerProvider = s.sdk.TracerProvider
	if s.version.late {
		provider = oteltest.AttributesAtEnd(s.sdk.TracerProvider)
	}
	opts = append(opts, httptrace.WithTracerProvider(provider),
		httptrace.WithMeterProvider(s.sdk.MeterProvider), httptrace.WithPropagator(s.sdk.Propagator))
	s.options = opts
	s.handler = s.around.wrap(s.router.Handler(s.routes(), opts...))
	if s.around.outer {
		s.handler = httptrace.Handler(s.handler, opts...)
	}
	s.log = new(output)
	s.server = httptest.NewUnstartedServer(s.handler)
	s.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(s.log, nil), slog.LevelError)
	if s.base != nil {
		s.server.Config.BaseContext = func(net.Listener) context.Context { return s.base }
	}
	t.Cleanup(s.server.Close)
	s.listen()
	t.Cleanup(s.client.CloseIdleConnections)
}

func (s *site) listen() {
	if s.version.tls {
		s.server.EnableHTTP2 = true
		s.server.StartTLS()
		s.client = s.server.Client()
		return
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(s.version.major == 1)
	protocols.SetUnencryptedHTTP2(s.version.major == 2)
	s.server.Config.Protocols = protocols
	s.server.Start()
	s.client = &http.Client{Transport: &http.Transport{Protocols: protocols}}
}

// request returns a request to path. header is a list of names and values in turn.
func (s *site) request(t *testing.T, method, path string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+s.around.path+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// ask sends a request, reads the response to its end, and returns the header of the response.
func (s *site) ask(t *testing.T, method, path string, body io.Reader, header ...string) http.Header {
	t.Helper()
	res, err := s.client.Do(s.request(t, method, path, body, header...))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	if res.ProtoMajor != s.version.major {
		t.Fatalf("got a response over %s", res.Proto)
	}
	return res.Header
}

// fail sends a request to path. The connection must break before the response is complete.
func (s *site) fail(t *testing.T, path string) {
	t.Helper()
	res, err := s.client.Do(s.request(t, "GET", path, nil))
	if err != nil {
		return
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the response is complete, so the panic did not reach net/http")
	}
}

func (s *site) route(pattern string) string {
	if pattern == "" {
		return ""
	}
	return s.around.route + s.router.Template(pattern)
}

// want contains the expected values for one request. They must be on the span and in the metric.
type want struct {
	method    string
	pattern   string // "" if no route is expected
	status    int    // 0 if no status is expected
	errorType string
	failed    bool
}

func (s *site) check(t *testing.T, w want) sdktrace.ReadOnlySpan {
	t.Helper()
	span := s.sdk.Only(t)
	name := w.method
	if w.pattern != "" {
		name += " " + s.route(w.pattern)
	}
	if span.Name() != name {
		t.Errorf("span is named %q, want %q", span.Name(), name)
	}
	if got := span.Status().Code == codes.Error; got != w.failed {
		t.Errorf("span has status %v", span.Status())
	}
	attrs := oteltest.Map(span.Attributes())
	s.checkAttributes(t, "span", w, attrs)
	if attrs["url.path"] == "" || attrs["client.address"] == "" || attrs["user_agent.original"] == "" {
		t.Errorf("span lacks attributes: %v", attrs)
	}
	points := s.sdk.Seconds(t, "http.server.request.duration")
	if len(points) != 1 || points[0].Count != 1 {
		t.Fatalf("measured %v", points)
	}
	measured := oteltest.Map(points[0].Attributes.ToSlice())
	s.checkAttributes(t, "measurement", w, measured)
	if _, ok := measured["server.address"]; ok {
		t.Error("the Host header is in the measurement")
	}
	return span
}

func (s *site) checkAttributes(t *testing.T, where string, w want, got map[string]string) {
	t.Helper()
	scheme, status, protocol := "http", "", "1.1"
	if s.version.tls {
		scheme = "https"
	}
	if w.status != 0 {
		status = strconv.Itoa(w.status)
	}
	if s.version.major == 2 {
		protocol = "2"
	}
	for key, value := range map[string]string{
		"http.request.method":       w.method,
		"http.route":                s.route(w.pattern),
		"http.response.status_code": status,
		"error.type":                w.errorType,
		"url.scheme":                scheme,
		"network.protocol.version":  protocol,
	} {
		if g, ok := got[key]; g != value || ok != (value != "") {
			t.Errorf("%s of %s is %q, want %q", key, where, g, value)
		}
	}
}

// checkException checks that there is exactly one event, and that it describes the panic of
// PanicOnPurpose.
func (s *site) checkException(t *testing.T, events []sdktrace.Event) {
	t.Helper()
	if len(events) != 1 || events[0].Name != "exception" {
		t.Fatalf("events %v", events)
	}
	attrs := oteltest.Map(events[0].Attributes)
	if attrs["exception.type"] != "string" || !strings.Contains(attrs["exception.message"], "on purpose") ||
		!strings.Contains(attrs["exception.stacktrace"], "PanicOnPurpose") && !s.around.buffers {
		t.Errorf("exception %v", attrs)
	}
}

// checkSizes checks the sizes of the request body and of the response body, on the span and in
// the metrics.
func (s *site) checkSizes(t *testing.T, request, response int64) {
	t.Helper()
	attrs := oteltest.Map(s.sdk.Only(t).Attributes())
	for what, size := range map[string]int64{"request": request, "response": response} {
		want := ""
		if size > 0 {
			want = strconv.FormatInt(size, 10)
		}
		if got := attrs["http."+what+".body.size"]; got != want {
			t.Errorf("size of %s is %q on the span, want %q", what, got, want)
		}
		points := s.sdk.Bytes(t, "http.server."+what+".body.size")
		if len(points) != 1 || points[0].Count != 1 || points[0].Sum != size {
			t.Errorf("size of %s was measured as %v, want %d", what, points, size)
		}
	}
}

// checkSilence checks that nothing was recorded for a request. It must be called after the
// response.
func (s *site) checkSilence(t *testing.T) {
	t.Helper()
	s.server.Close() // waits until the handler has returned
	if n := s.sdk.Started(); n != 0 {
		t.Errorf("%d spans were started", n)
	}
	if points := s.sdk.Seconds(t, "http.server.request.duration"); len(points) != 0 {
		t.Errorf("measured %v", points)
	}
}

// output is a buffer for log lines. It is safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) contains(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.buf.String(), text)
}
