package httpsuite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

type row struct {
	name    string
	run     func(*testing.T, *site)
	streams bool // the test needs a writer that does not buffer
	only1   bool // the test uses only HTTP/1.1
}

func (r row) skip(v version, around surrounding) bool {
	return !v.wraps && around.name != "bare" || r.streams && around.buffers || r.only1 && v.major != 1
}

var rows = []row{
	{name: "route", run: testRoute},
	{name: "no route", run: testNoRoute},
	{name: "wrong method", run: testWrongMethod},
	{name: "unknown method", run: testUnknownMethod},
	{name: "not found within route", run: testNotFoundWithinRoute},
	{name: "wildcard", run: testWildcard},
	{name: "panic", run: testPanic},
	{name: "panic after the header", run: testPanicAfterHeader, streams: true},
	{name: "abort", run: testAbort},
	{name: "returned error", run: testReturnedError},
	{name: "status only", run: testStatusOnly},
	{name: "flush", run: testFlush, streams: true},
	{name: "hijack", run: testHijack, streams: true, only1: true},
	{name: "unread body", run: testUnreadBody},
	{name: "bodies", run: testBodies},
	{name: "copied file", run: testCopiedFile},
	{name: "filter", run: testFilter},
	{name: "health check", run: testHealthCheck},
	{name: "parent", run: testParent},
	{name: "public endpoint", run: testPublicEndpoint},
	{name: "server timing", run: testServerTiming},
	{name: "set route", run: testSetRoute},
	{name: "many at once", run: testManyAtOnce},
	{name: "batch", run: testBatch},
	{name: "batch of a public endpoint", run: testPublicBatch},
	{name: "client in the process", run: testInProcess},
	{name: "canceled by the program", run: testCanceled},
	{name: "client left", run: testClientLeft, streams: true},
	{name: "client left in silence", run: testClientLeftInSilence, streams: true},
	{name: "head", run: testHead},
}

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	parentID    = "b7ad6b7169203331"
	traceparent = "00-" + traceID + "-" + parentID + "-01"
)

func testRoute(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/users/01017012345", nil)
	s.check(t, want{method: "GET", pattern: "/users/{id}", status: 200})
}

func testNoRoute(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/nowhere", nil)
	s.check(t, want{method: "GET", status: 404})
}

func testWrongMethod(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "PUT", "/users/1", nil)
	s.check(t, want{method: "PUT", status: 405})
}

func testUnknownMethod(t *testing.T, s *site) {
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

func testNotFoundWithinRoute(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/teams/1/users/2", nil)
	s.check(t, want{method: "GET", pattern: "/teams/{team}/users/{id}", status: 404})
}

func testWildcard(t *testing.T, s *site) {
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

func testPanic(t *testing.T, s *site) {
	s.start(t)
	s.fail(t, "/panics/1")
	span := s.check(t, want{method: "GET", pattern: "/panics/{id}", status: 500, errorType: "string", failed: true})
	s.checkException(t, span.Events())
	// A TimeoutHandler panics again in another goroutine. The stack of that goroutine does not
	// contain PanicOnPurpose.
	if !s.around.buffers {
		oteltest.Eventually(t, func() bool { return s.log.contains("conformance.PanicOnPurpose") })
	}
}

func testPanicAfterHeader(t *testing.T, s *site) {
	s.start(t)
	s.fail(t, "/panics-late")
	span := s.check(t, want{method: "GET", pattern: "/panics-late", status: 202, errorType: "string", failed: true})
	s.checkException(t, span.Events())
}

func testAbort(t *testing.T, s *site) {
	s.start(t)
	s.fail(t, "/aborts")
	span := s.check(t, want{method: "GET", pattern: "/aborts", errorType: "response_aborted", failed: true})
	if len(span.Events()) != 0 {
		t.Errorf("events %v", span.Events())
	}
}

func testReturnedError(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/fails", nil)
	s.check(t, want{method: "GET", pattern: "/fails", status: 503, errorType: "503", failed: true})
}

func testStatusOnly(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "DELETE", "/users/1", nil)
	s.check(t, want{method: "DELETE", pattern: "/users/{id}", status: 204})
}

func testFlush(t *testing.T, s *site) {
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
		t.Fatal("the first event arrived only after the handler had returned")
	}
	cancel()
	s.check(t, want{method: "GET", pattern: "/events", status: 200})
}

func testHijack(t *testing.T, s *site) {
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

func testUnreadBody(t *testing.T, s *site) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "POST", "/unread", strings.NewReader("hello"))
	s.check(t, want{method: "POST", pattern: "/unread", status: 200})
	s.checkSizes(t, 0, 0)
}

func testBodies(t *testing.T, s *site) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "POST", "/echo", bytes.NewReader(make([]byte, 5000)))
	s.check(t, want{method: "POST", pattern: "/echo", status: 200})
	s.checkSizes(t, 5000, 5000)
}

func testCopiedFile(t *testing.T, s *site) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "GET", "/file", nil)
	s.check(t, want{method: "GET", pattern: "/file", status: 200})
	s.checkSizes(t, 0, fileSize)
}

// testHead checks a response to a HEAD request. net/http does not send the body that the handler
// writes.
func testHead(t *testing.T, s *site) {
	s.start(t, httptrace.WithOptionalMetrics())
	s.ask(t, "HEAD", "/head", nil)
	s.check(t, want{method: "HEAD", pattern: "/head", status: 200})
	s.checkSizes(t, 0, 0)
}

func testFilter(t *testing.T, s *site) {
	s.start(t, httptrace.WithFilter(func(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/context") }))
	s.ask(t, "GET", "/context", nil, "Traceparent", traceparent)
	s.checkSilence(t)
}

func testHealthCheck(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/internal/isAlive", nil)
	s.checkSilence(t)
}

func testParent(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/context", nil, "Traceparent", traceparent, "Baggage", "a=b")
	span := s.check(t, want{method: "GET", pattern: "/context", status: 200})
	if got := span.Parent(); got.TraceID().String() != traceID || got.SpanID().String() != parentID || !got.IsRemote() {
		t.Errorf("parent %v", got)
	}
}

func testPublicEndpoint(t *testing.T, s *site) {
	s.start(t, httptrace.WithPublicEndpoint())
	res, err := s.client.Do(s.request(t, "GET", "/context", nil, "Traceparent", traceparent, "Baggage", "a=b"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	seen, _ := io.ReadAll(res.Body)
	span := s.check(t, want{method: "GET", pattern: "/context", status: 200})
	if span.Parent().IsValid() || span.SpanContext().TraceID().String() == traceID {
		t.Errorf("parent %v", span.Parent())
	}
	if links := span.Links(); len(links) != 1 || links[0].SpanContext.SpanID().String() != parentID {
		t.Errorf("links %v", links)
	}
	if want := span.SpanContext().TraceID().String(); string(seen) != want {
		t.Errorf("the handler got %q, want %q and no baggage", seen, want)
	}
}

func testServerTiming(t *testing.T, s *site) {
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

func testSetRoute(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/graphql", nil)
	if got, want := s.sdk.Only(t).Name(), "GET "+s.route("/graphql")+"/{operation}"; got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
}

func testManyAtOnce(t *testing.T, s *site) {
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
