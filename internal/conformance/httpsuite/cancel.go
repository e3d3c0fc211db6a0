package httpsuite

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/internal/oteltest"
)

// testCanceled checks a program that cancels the contexts of all requests. A program may do this
// when it gets SIGTERM.
func testCanceled(t *testing.T, s *site) {
	s.base, s.cancel = context.WithCancel(t.Context())
	s.start(t)
	s.ask(t, "GET", "/canceled", nil)
	span := s.sdk.Only(t)
	if got := span.Status().Code; got != codes.Error {
		t.Errorf("span has status %v", got)
	}
	attrs := oteltest.Map(span.Attributes())
	// If there is a TimeoutHandler, it may send 503 before the handler sends 500.
	if attrs["error.type"] != attrs["http.response.status_code"] || attrs["error.type"] != "500" && !s.around.buffers {
		t.Errorf("attributes %v", attrs)
	}
	if measured := oteltest.Map(s.sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice()); measured["error.type"] != attrs["error.type"] {
		t.Errorf("measured %v", measured)
	}
}

func testClientLeft(t *testing.T, s *site) {
	s.leave(t, "/left")
	s.check(t, want{method: "GET", pattern: "/left", status: 500, errorType: "client_disconnected"})
}

func testClientLeftInSilence(t *testing.T, s *site) {
	s.leave(t, "/left-in-silence")
	s.check(t, want{method: "GET", pattern: "/left-in-silence", errorType: "client_disconnected"})
}

// leave sends a request to path, and disconnects before it gets a response.
func (s *site) leave(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s.cancel = cancel
	s.start(t)
	if res, err := s.client.Do(s.request(t, "GET", path, nil).WithContext(ctx)); err == nil {
		res.Body.Close()
		t.Fatal("the request was answered")
	}
}
