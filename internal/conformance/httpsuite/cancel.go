package httpsuite

import (
	"context"
	"net/http"
	"runtime"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/internal/oteltest"
)

// canceled fails because its context is canceled, while the client waits.
func (s *site) canceled(w http.ResponseWriter, r *http.Request) {
	s.cancel()
	<-r.Context().Done()
	http.Error(w, "query: context canceled", http.StatusInternalServerError)
}

type unwrapper interface{ Unwrap() http.ResponseWriter }

// left fails because the client leaves. It waits until net/http knows that, which is
// some time after the context is canceled.
func (s *site) left(w http.ResponseWriter, r *http.Request) {
	server := w // the writer of net/http
	for wrapper, ok := w.(unwrapper); ok; wrapper, ok = server.(unwrapper) {
		server = wrapper.Unwrap()
	}
	notice := server.(interface{ CloseNotify() <-chan bool }).CloseNotify()
	s.cancel()
	for <-r.Context().Done(); len(notice) == 0; {
		runtime.Gosched()
	}
	http.Error(w, "query: context canceled", http.StatusInternalServerError)
}

// The program cancels the contexts of all requests, as it may on SIGTERM.
func (s site) testCanceled(t *testing.T) {
	s.base, s.cancel = context.WithCancel(t.Context())
	s.start(t)
	s.ask(t, "GET", "/canceled", nil)
	span := s.sdk.Only(t)
	if got := span.Status().Code; got != codes.Error {
		t.Errorf("span has status %v", got)
	}
	attrs := oteltest.Map(span.Attributes())
	// A TimeoutHandler answers 503 itself, if it comes first.
	if attrs["error.type"] != attrs["http.response.status_code"] || attrs["error.type"] != "500" && !s.around.buffers {
		t.Errorf("attributes %v", attrs)
	}
	if measured := oteltest.Map(s.sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice()); measured["error.type"] != attrs["error.type"] {
		t.Errorf("measured %v", measured)
	}
}

func (s site) testClientLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s.cancel = cancel
	s.start(t)
	if res, err := s.client.Do(s.request(t, "GET", "/left", nil).WithContext(ctx)); err == nil {
		res.Body.Close()
		t.Fatal("the request was answered")
	}
	s.check(t, want{method: "GET", pattern: "/left", status: 500, errorType: "client_disconnected"})
}
