package httpsuite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

// row is one thing that must hold.
type row struct {
	name    string
	run     func(site, *testing.T)
	streams bool // it needs a writer that does not buffer
	only1   bool // there is no such thing in HTTP/2
}

func (r row) skip(v version, around surrounding) bool {
	return !v.wraps && around.name != "bare" || r.streams && around.buffers || r.only1 && v.major != 1
}

var rows = []row{
	{name: "route", run: site.testRoute},
	{name: "no route", run: site.testNoRoute},
	{name: "wrong method", run: site.testWrongMethod},
	{name: "unknown method", run: site.testUnknownMethod},
	{name: "not found within route", run: site.testNotFoundWithinRoute},
	{name: "wildcard", run: site.testWildcard},
	{name: "panic", run: site.testPanic},
	{name: "panic after the header", run: site.testPanicAfterHeader, streams: true},
	{name: "abort", run: site.testAbort},
	{name: "returned error", run: site.testReturnedError},
	{name: "status only", run: site.testStatusOnly},
	{name: "flush", run: site.testFlush, streams: true},
	{name: "hijack", run: site.testHijack, streams: true, only1: true},
	{name: "unread body", run: site.testUnreadBody},
	{name: "bodies", run: site.testBodies},
	{name: "copied file", run: site.testCopiedFile},
	{name: "filter", run: site.testFilter},
	{name: "health check", run: site.testHealthCheck},
	{name: "parent", run: site.testParent},
	{name: "public endpoint", run: site.testPublicEndpoint},
	{name: "server timing", run: site.testServerTiming},
	{name: "set route", run: site.testSetRoute},
	{name: "many at once", run: site.testManyAtOnce},
	{name: "batch", run: site.testBatch},
	{name: "batch of a public endpoint", run: site.testPublicBatch},
	{name: "client in the process", run: site.testInProcess},
	{name: "canceled by the program", run: site.testCanceled},
	{name: "client left", run: site.testClientLeft, streams: true},
}

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	parentID    = "b7ad6b7169203331"
	traceparent = "00-" + traceID + "-" + parentID + "-01"
)

// routes returns what the rows ask for.
func (s *site) routes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/users/{id}", Handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }},
		{Method: "GET", Pattern: "/teams/{team}/users/{id}", Handler: http.NotFound},
		{Method: "GET", Pattern: "/panics/{id}", Handler: func(http.ResponseWriter, *http.Request) { conformance.PanicOnPurpose() }},
		{Method: "GET", Pattern: "/panics-late", Handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			flush(w) // some routers keep it back
			conformance.PanicOnPurpose()
		}},
		{Method: "GET", Pattern: "/aborts", Handler: func(http.ResponseWriter, *http.Request) { abort() }},
		{Method: "GET", Pattern: "/fails", Fails: true},
		{Method: "DELETE", Pattern: "/users/{id}", Handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
		{Method: "GET", Pattern: "/hijacked", Handler: upgrade},
		{Method: "POST", Pattern: "/unread", Handler: func(http.ResponseWriter, *http.Request) {}},
		{Method: "POST", Pattern: "/echo", Handler: echo},
		{Method: "GET", Pattern: "/file", Handler: copyFile},
		{Method: "GET", Pattern: "/internal/isAlive", Handler: s.spans},
		{Method: "GET", Pattern: "/context", Handler: tellContext},
		{Method: "GET", Pattern: "/graphql", Handler: func(_ http.ResponseWriter, r *http.Request) { httptrace.SetRoute(r, "/graphql/{operation}") }},
		{Method: "POST", Pattern: "/batch", Handler: s.batch},
		{Method: "GET", Pattern: "/canceled", Handler: s.canceled},
		{Method: "GET", Pattern: "/left", Handler: s.left},
		{Method: "GET", Pattern: "/gateway", Handler: s.gateway},
		{Method: "GET", Pattern: "/events", Handler: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "data: 1\n\n")
			flush(w)
			<-r.Context().Done()
		}},
	}
}

func flush(w http.ResponseWriter) {
	if err := http.NewResponseController(w).Flush(); err != nil {
		panic(err) //nolint:forbidigo // fails the test
	}
}

func abort() { panic(http.ErrAbortHandler) } //nolint:forbidigo // what is tested

func upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Write(body)
}

const fileSize = 100_000

func copyFile(w http.ResponseWriter, _ *http.Request) {
	f, err := os.CreateTemp("", "spor")
	if err != nil {
		return
	}
	defer f.Close()
	defer os.Remove(f.Name())
	f.Write(make([]byte, fileSize))
	f.Seek(0, io.SeekStart)
	io.Copy(w, f)
}

// spans starts spans of the user's own, as a query in a readiness check would.
func (s *site) spans(_ http.ResponseWriter, r *http.Request) {
	tracer := s.sdk.TracerProvider.Tracer("test")
	ctx, outer := tracer.Start(r.Context(), "outer")
	_, inner := tracer.Start(ctx, "inner")
	inner.End()
	outer.End()
}

func tellContext(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s%s", trace.SpanContextFromContext(r.Context()).TraceID(), baggage.FromContext(r.Context()))
}

func (s site) testRoute(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/users/01017012345", nil)
	s.check(t, want{method: "GET", pattern: "/users/{id}", status: 200})
}

func (s site) testNoRoute(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/nowhere", nil)
	s.check(t, want{method: "GET", status: 404})
}

func (s site) testWrongMethod(t *testing.T) {
	s.start(t)
	s.ask(t, "PUT", "/users/1", nil)
	s.check(t, want{method: "PUT", status: 405})
}

func (s site) testUnknownMethod(t *testing.T) {
	s.start(t)
	s.ask(t, "BREW", "/users/1", nil)
	span := s.sdk.Only(t)
	if got := span.Name(); got != "HTTP" {
		t.Errorf("span is named %q", got)
	}
	if got := oteltest.Map(span.Attributes()); got["http.request.method"] != "_OTHER" || got["http.request.method_original"] != "BREW" {
		t.Errorf("attributes %v", got)
	}
}

func (s site) testNotFoundWithinRoute(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/teams/1/users/2", nil)
	s.check(t, want{method: "GET", pattern: "/teams/{team}/users/{id}", status: 404})
}

func (s site) testWildcard(t *testing.T) {
	s.start(t)
	for i := range 20 {
		s.ask(t, "GET", fmt.Sprintf("/nowhere/%d", i), nil)
	}
	for _, span := range s.sdk.Wait(t, 20) {
		if span.Name() != "GET" {
			t.Errorf("span is named %q", span.Name())
		}
	}
	oteltest.Eventually(t, func() bool {
		points := s.sdk.Seconds(t, "http.server.request.duration")
		return len(points) == 1 && points[0].Count == 20
	})
}

func (s site) testPanic(t *testing.T) {
	s.start(t)
	s.fail(t, "/panics/1")
	span := s.check(t, want{method: "GET", pattern: "/panics/{id}", status: 500, errorType: "string", failed: true})
	s.checkException(t, span.Events())
	if !s.around.buffers { // which loses the frames itself
		oteltest.Eventually(t, func() bool { return s.log.contains("conformance.PanicOnPurpose") })
	}
}

func (s site) testPanicAfterHeader(t *testing.T) {
	s.start(t)
	s.fail(t, "/panics-late")
	span := s.check(t, want{method: "GET", pattern: "/panics-late", status: 202, errorType: "string", failed: true})
	s.checkException(t, span.Events())
}

func (s site) testAbort(t *testing.T) {
	s.start(t)
	s.fail(t, "/aborts")
	span := s.check(t, want{method: "GET", pattern: "/aborts"})
	if len(span.Events()) != 0 {
		t.Errorf("events %v", span.Events())
	}
}

// fail asks for path and expects the connection to break.
func (s *site) fail(t *testing.T, path string) {
	t.Helper()
	res, err := s.client.Do(s.request(t, "GET", path, nil))
	if err != nil {
		return
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the answer was complete: the panic went no further")
	}
}

func (s site) testReturnedError(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/fails", nil)
	s.check(t, want{method: "GET", pattern: "/fails", status: 503, errorType: "503", failed: true})
}

func (s site) testStatusOnly(t *testing.T) {
	s.start(t)
	s.ask(t, "DELETE", "/users/1", nil)
	s.check(t, want{method: "DELETE", pattern: "/users/{id}", status: 204})
}

func (s site) testFlush(t *testing.T) {
	s.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	res, err := s.client.Do(s.request(t, "GET", "/events", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, len("data: 1\n\n"))
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	if n := len(s.sdk.Ended()); n != 0 {
		t.Fatal("the first event came when the handler was done")
	}
	cancel()
	s.check(t, want{method: "GET", pattern: "/events", status: 200})
}

func (s site) testHijack(t *testing.T) {
	s.start(t)
	res, err := s.client.Do(s.request(t, "GET", "/hijacked", nil, "Connection", "Upgrade", "Upgrade", "echo"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != 101 || string(text) != "hello" {
		t.Fatalf("got %d %q", res.StatusCode, text)
	}
	s.check(t, want{method: "GET", pattern: "/hijacked", status: 101})
}

func (s site) testUnreadBody(t *testing.T) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "POST", "/unread", strings.NewReader("hello"))
	s.check(t, want{method: "POST", pattern: "/unread", status: 200})
	s.checkSizes(t, 0, 0)
}

func (s site) testBodies(t *testing.T) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "POST", "/echo", bytes.NewReader(make([]byte, 5000)))
	s.check(t, want{method: "POST", pattern: "/echo", status: 200})
	s.checkSizes(t, 5000, 5000)
}

func (s site) testCopiedFile(t *testing.T) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "GET", "/file", nil)
	s.check(t, want{method: "GET", pattern: "/file", status: 200})
	s.checkSizes(t, 0, fileSize)
}

func (s site) testFilter(t *testing.T) {
	s.start(t, httptrace.WithFilter(func(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/context") }))
	s.ask(t, "GET", "/context", nil, "Traceparent", traceparent)
	s.checkSilence(t)
}

func (s site) testHealthCheck(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/internal/isAlive", nil)
	s.checkSilence(t)
}

func (s site) testParent(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/context", nil, "Traceparent", traceparent, "Baggage", "a=b")
	span := s.check(t, want{method: "GET", pattern: "/context", status: 200})
	if got := span.Parent(); got.TraceID().String() != traceID || got.SpanID().String() != parentID || !got.IsRemote() {
		t.Errorf("parent %v", got)
	}
}

func (s site) testPublicEndpoint(t *testing.T) {
	s.start(t, httptrace.WithPublicEndpoint())
	res, err := s.client.Do(s.request(t, "GET", "/context", nil, "Traceparent", traceparent, "Baggage", "a=b"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	told, _ := io.ReadAll(res.Body)
	span := s.check(t, want{method: "GET", pattern: "/context", status: 200})
	if span.Parent().IsValid() || span.SpanContext().TraceID().String() == traceID {
		t.Errorf("parent %v", span.Parent())
	}
	if links := span.Links(); len(links) != 1 || links[0].SpanContext.SpanID().String() != parentID {
		t.Errorf("links %v", links)
	}
	if want := span.SpanContext().TraceID().String(); string(told) != want {
		t.Errorf("handler was told %q, want %q and no baggage", told, want)
	}
}

func (s site) testServerTiming(t *testing.T) {
	s.start(t)
	header := s.ask(t, "GET", "/users/1", nil, "Traceparent", traceparent)
	span := s.sdk.Only(t).SpanContext()
	want := fmt.Sprintf(`traceparent;desc="00-%s-%s-01"`, span.TraceID(), span.SpanID())
	if got := header.Get("Server-Timing"); got != want {
		t.Errorf("Server-Timing %q, want %q", got, want)
	}
	if got := header.Get("X-Trace-Id"); got != traceID {
		t.Errorf("X-Trace-Id %q", got)
	}
}

func (s site) testSetRoute(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/graphql", nil)
	if got, want := s.sdk.Only(t).Name(), "GET "+s.route("/graphql")+"/{operation}"; got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
}

func (s site) testManyAtOnce(t *testing.T) {
	s.start(t)
	const workers, each = 8, 5
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range each {
				s.ask(t, "GET", fmt.Sprintf("/users/%d-%d", worker, i), nil)
			}
		})
	}
	group.Wait()
	for _, span := range s.sdk.Wait(t, workers*each) {
		if got, want := span.Name(), "GET "+s.route("/users/{id}"); got != want {
			t.Errorf("span is named %q, want %q", got, want)
		}
	}
}
