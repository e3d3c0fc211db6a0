package setup_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nais/spor/httptrace"
)

// TestW3C sends the requests of W3C's suite to a traced service, and checks the headers of the
// requests that the service sends with its traced client.
func TestW3C(t *testing.T) {
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", listen(t, ":0").Endpoint())
	logLines(t)
	mustStart(t)
	for _, c := range w3cCases {
		t.Run(c.name, func(t *testing.T) {
			service := serveW3C(t, max(c.calls, 1))
			differs := false
			for _, r := range c.requests {
				differs = differs || r.differs
				r.check(t, service.answer(t, r.header))
			}
			if differs != (c.reason != "") {
				t.Errorf("the case differs: got %t, and the reason %q", differs, c.reason)
			}
		})
	}
}

var w3cParentHeader = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$`)

// check compares the headers that the service sent with what r expects.
func (r *w3cRequest) check(t *testing.T, sent []http.Header) {
	t.Helper()
	traces, parents := map[string]bool{}, map[string]bool{}
	for _, header := range sent {
		values := header.Values("Traceparent")
		parts := w3cParentHeader.FindStringSubmatch(strings.Join(values, ", "))
		if parts == nil {
			t.Fatalf("%q: got the traceparent %q, want one of version 00", r.header, values)
		}
		traces[parts[1]], parents[parts[2]] = true, true
		r.checkTrace(t, parts[1], parts[2], parts[3])
		r.checkState(t, strings.Join(header.Values("Tracestate"), ","))
	}
	if len(traces) != 1 || len(parents) != len(sent) {
		t.Errorf("%q: got %d traces and %d parents in %d requests, want one trace and a parent per request", r.header, len(traces), len(parents), len(sent))
	}
}

func (r *w3cRequest) checkTrace(t *testing.T, trace, parent, flags string) {
	t.Helper()
	received := strings.Join(r.header, "\n")
	switch {
	case trace == strings.Repeat("0", 32), parent == strings.Repeat("0", 16), strings.Contains(received, "-"+parent+"-"):
		t.Errorf("%q: got the trace ID %q and the parent ID %q", r.header, trace, parent)
	case r.trace == "" && strings.Contains(received, trace):
		t.Errorf("%q: got the trace ID %q, want a new one", r.header, trace)
	case r.trace == "" && flags != "01" && flags != "03": // 02 is the flag random
		t.Errorf("%q: got the flags %q, want a sampled trace", r.header, flags)
	case r.trace != "" && (trace != r.trace || flags != r.flags):
		t.Errorf("%q: got the trace ID %q and the flags %q, want %q and %q", r.header, trace, flags, r.trace, r.flags)
	}
}

func (r *w3cRequest) checkState(t *testing.T, state string) {
	t.Helper()
	switch {
	case r.differs && state == r.state:
		t.Errorf("%q: got the tracestate that W3C expects; remove the known difference", r.header)
	case r.differs && state != "":
		t.Errorf("%q: got the tracestate %q, want none, which is the known difference", r.header, state)
	case !r.differs && state != r.state:
		t.Errorf("%q: got the tracestate %q, want %q", r.header, state, r.state)
	}
}

// w3cService is a traced service that sends requests to another server while it answers.
type w3cService struct {
	addr string

	mu   sync.Mutex
	sent []http.Header // of the requests that the other server received
}

// serveW3C starts a service that sends calls requests for each request that it receives.
func serveW3C(t *testing.T, calls int) *w3cService {
	t.Helper()
	s := &w3cService{}
	other := httptest.NewServer(http.HandlerFunc(s.note))
	t.Cleanup(other.Close)
	client := &http.Client{Transport: httptrace.Transport(nil)}
	service := httptest.NewServer(httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for range calls {
			out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, other.URL, nil)
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := client.Do(out)
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
		}
	})))
	t.Cleanup(service.Close)
	s.addr = service.Listener.Addr().String()
	return s
}

func (s *w3cService) note(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, r.Header)
}

// answer sends a request with these header lines to the service. It returns the headers of the
// requests that the service sent before it answered. A client of net/http would change the
// lines, so answer writes them itself.
func (s *w3cService) answer(t *testing.T, lines []string) []http.Header {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	head := append([]string{"GET / HTTP/1.1", "Host: service", "Connection: close"}, lines...)
	if _, err := io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%q: got the status %s", lines, answer.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}
